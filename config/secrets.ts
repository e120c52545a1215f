/** The service's own secrets: one master secret, from which every key is derived for its purpose. */
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { derivedKey } from '../kit/derived-key.ts';

const FILE = 'secrets.json';
const SECRET_BYTES = 32;

/**
 * The given master secret, or the one in the data folder, made on first run. Two processes that start at
 * once end up with the same: the file appears whole, and only once.
 *
 * @throws Error when the file is there but is not ours.
 */
export async function masterSecret(dataDir: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, FILE);
  const draft = join(dataDir, `${FILE}.${randomBytes(6).toString('hex')}`);
  const fresh = { masterSecret: randomBytes(SECRET_BYTES).toString('base64url') };
  await writeFile(draft, `${JSON.stringify(fresh)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await chmod(file, 0o600);
  const held: unknown = JSON.parse(await readFile(file, 'utf8'));
  const secret = (held as { masterSecret?: unknown } | null)?.masterSecret;
  if (typeof secret !== 'string' || secret.length < SECRET_BYTES) {
    throw new Error(
      `${file} holds no master secret. Restore it from a backup, or set ANTIPHON_MASTER_SECRET.`,
    );
  }
  return secret;
}

/** The key for one purpose of the service. */
export const keyFor = (secret: string, purpose: string): Buffer => derivedKey(secret, `antiphon/${purpose}`);
