/**
 * Makes every secret of a deployment, once: what is there stays, what is missing or about to end is made anew,
 * and each part's folder is written from the vault again, so that a lost folder comes back as it was.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { type Certificate, isGood, newAuthority, newCertificate } from './certificates.ts';
import { COMPOSE_TOPOLOGY, type Part, partsOf, type Topology, type Vault } from './parts.ts';

const SECRET_BYTES = 32;
const ACCESS_KEY_BYTES = 10;
/** Every certificate also stands for its own machine: health checks ask there. */
const LOCAL_HOSTS = ['localhost', '127.0.0.1'] as const;

const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
const natsSeed = (): string => new TextDecoder().decode(nkeys.createUser().getSeed());

const MAKERS: Readonly<Record<keyof Vault, () => string>> = {
  'master-secret': secret,
  'metrics-token': secret,
  'nats-seed': natsSeed,
  'nats-system-seed': natsSeed,
  'nats-route-password': secret,
  'redis-password': secret,
  'cassandra-admin-password': secret,
  'cassandra-migrate-password': secret,
  'cassandra-password': secret,
  's3-access-key': () => randomBytes(ACCESS_KEY_BYTES).toString('hex').toUpperCase(),
  's3-secret-key': secret,
  'grafana-admin-password': secret,
};

export interface MakeSecretsOptions {
  /** Holds a folder for the vault and one for each part. */
  readonly folder: string;
  readonly nowMs: number;
  readonly topology?: Topology;
  /** Gives each folder to the user its part runs as (needs root). */
  readonly giveToParts?: boolean;
  readonly onMade?: (path: string) => void;
}

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

/** The file appears whole, and readable by its owner alone. */
async function put(path: string, text: string, uid?: number): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o400, flag: 'wx', flush: true });
  if (uid !== undefined) await chown(draft, uid, uid);
  await rename(draft, path);
}

/** Safe to run again, and after having been cut off at any point. Runs at once are for the caller to prevent. */
export async function makeSecrets(options: MakeSecretsOptions): Promise<void> {
  const { folder, topology = COMPOSE_TOPOLOGY } = options;
  const vaultFolder = join(folder, 'vault');
  await mkdir(vaultFolder, { recursive: true, mode: 0o700 });
  const vault = await openVault(vaultFolder, options);
  const authority = await openAuthority(vaultFolder, options);
  for (const part of partsOf(vault, topology)) await tell(part, authority, options);
}

async function openVault(folder: string, { onMade }: MakeSecretsOptions): Promise<Vault> {
  const entries = Object.entries(MAKERS).map(async ([name, make]) => {
    const path = join(folder, name);
    const held = await readIfThere(path);
    if (held !== undefined) return [name, held];
    const made = make();
    await put(path, made);
    onMade?.(path);
    return [name, made];
  });
  return Object.fromEntries(await Promise.all(entries)) as Vault;
}

async function openAuthority(folder: string, { onMade }: MakeSecretsOptions): Promise<Certificate> {
  const [certPath, keyPath] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')];
  const [cert, key] = await Promise.all([readIfThere(certPath), readIfThere(keyPath)]);
  if (cert && key) return { cert, key };
  const made = await newAuthority();
  // The key first: a certificate without its key would look like a whole authority.
  await put(keyPath, made.key);
  await put(certPath, made.cert);
  onMade?.(certPath);
  return made;
}

async function tell(part: Part, authority: Certificate, options: MakeSecretsOptions): Promise<void> {
  const { nowMs, giveToParts = false, onMade } = options;
  const folder = join(options.folder, part.name);
  const uid = giveToParts ? part.uid : undefined;
  const hosts = [...part.hosts, ...LOCAL_HOSTS];
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  if (uid !== undefined) await chown(folder, uid, uid);

  const path = (name: string): string => join(folder, name);
  const [cert = '', key = ''] = await Promise.all([
    readIfThere(path('cert.pem')),
    readIfThere(path('key.pem')),
  ]);
  const held = { cert, key };
  const own = isGood(held, authority, hosts, nowMs) ? held : await newCertificate(authority, hosts);
  const files: Record<string, string> = {
    ...part.files,
    'ca.pem': authority.cert,
    'key.pem': own.key,
    'cert.pem': own.cert,
    ...(part.wantsKeystore && { 'keystore.pem': own.key + own.cert }),
  };
  for (const [name, text] of Object.entries(files)) {
    if ((await readIfThere(path(name))) === text) continue;
    await put(path(name), text, uid);
    onMade?.(path(name));
  }
}
