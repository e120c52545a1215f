/** npm run backup -- FOLDER [--keep N] [--verify]: a snapshot of the data folder, while the service runs. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '../config/settings.ts';
import { takeBackup } from '../infra/embedded/backup.ts';
import { verifyBackup } from '../infra/embedded/backup-restore.ts';
import { systemClock } from '../kit/sources.ts';

const USAGE = 'usage: npm run backup -- FOLDER [--keep N] [--verify]   (see docs/backups.md)';
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function argumentsOf() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { keep: { type: 'string' }, verify: { type: 'boolean' } },
    });
    if (positionals.length === 1) return { ...values, into: resolve(positionals[0] as string) };
  } catch {}
  console.error(USAGE);
  process.exit(2);
}

const { into, keep, verify } = argumentsOf();
try {
  const { dataDir, natsServers } = readSettings(process.env, process.cwd());
  if (natsServers.length > 0) {
    throw new Error('This is a cluster: its engines are backed up by their own tools, see docs/backups.md.');
  }
  const about = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
  const { snapshot, objectsCopied, bytesCopied, snapshotsRemoved, hasSecrets } = await takeBackup({
    dataDir,
    into,
    ...(keep !== undefined && { keep: Number(keep) }),
    appVersion: (about as { version: string }).version,
    clock: systemClock,
  });
  const { objects } = snapshot.manifest;
  console.log(`antiphon: snapshot ${snapshot.id} of ${dataDir} is in ${into}`);
  console.log(
    `  ${objects.count} objects (${megabytes(objects.bytes)}), ${objectsCopied} of them new; ${megabytes(bytesCopied)} written`,
  );
  if (snapshotsRemoved.length > 0) console.log(`  removed: ${snapshotsRemoved.join(', ')}`);
  console.log(
    hasSecrets
      ? '  It holds secrets.json: who can read this folder can sign as your service. Keep it to yourself.'
      : '  The master secret is not in it (it came from ANTIPHON_MASTER_SECRET): keep that elsewhere, too.',
  );
  if (verify) {
    await verifyBackup(into, snapshot.id);
    console.log('  read back: every file is as its digest says');
  }
} catch (error) {
  console.error(`antiphon: no backup was taken: ${(error as Error).message}`);
  process.exitCode = 1;
}
