import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keyFor, masterSecret } from './secrets.ts';

async function folder(t: { teardown(fn: () => unknown): void }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'antiphon-secrets-'));
  t.teardown(() => rm(dir, { recursive: true }));
  return dir;
}

t.test(
  'the secret is made once, even by processes that start together, and only its owner reads it',
  async (t) => {
    const dir = await folder(t);
    const secrets = await Promise.all(Array.from({ length: 8 }, () => masterSecret(dir, undefined)));
    t.equal(new Set(secrets).size, 1);
    t.equal(await masterSecret(dir, undefined), secrets[0]);
    t.equal((await stat(join(dir, 'secrets.json'))).mode & 0o777, 0o600);
  },
);

t.test('a file that holds no secret is not replaced', async (t) => {
  const dir = await folder(t);
  await writeFile(join(dir, 'secrets.json'), '{}');
  await t.rejects(masterSecret(dir, undefined), /Restore it from a backup/);
});

t.test('keys of different purposes differ', async (t) => {
  t.notSame(keyFor('s'.repeat(32), 'media'), keyFor('s'.repeat(32), 'content'));
});
