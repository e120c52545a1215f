/** node scripts/secrets.ts FOLDER [--give-to-parts] [FOLDER=UID …]: makes what is missing of a deployment's secrets. */
import { chown } from 'node:fs/promises';
import { makeSecrets } from '../infra/deploy/secrets/make-secrets.ts';

const usage = 'usage: secrets FOLDER [--give-to-parts] [FOLDER=UID …]';
const [folder, ...rest] = process.argv.slice(2);
const giveToParts = rest[0] === '--give-to-parts';
const owned = (giveToParts ? rest.slice(1) : rest).map((text) => /^([^=]+)=(\d+)$/.exec(text));
if (!folder || folder.startsWith('-') || owned.includes(null)) {
  console.error(usage);
  process.exit(2);
}

await makeSecrets({
  folder,
  nowMs: Date.now(),
  giveToParts,
  onMade: (path) => console.log(`made ${path}`),
});
// Volumes are born as root's; the servers that write to them are not root.
for (const match of owned) await chown(match?.[1] ?? '', Number(match?.[2]), Number(match?.[2]));
console.log(`secrets are complete in ${folder}`);
