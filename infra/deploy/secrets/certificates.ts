/** The service's own certificate authority, and certificates signed by it, by way of the openssl program. */
import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CA_DAYS = 3650;
const LEAF_DAYS = 730;
const DAY_MS = 86_400_000;
/** What ends sooner is made anew by the next run. */
const RENEW_DAYS_BEFORE = 90;
const SERIAL_BYTES = 16;

/** PEM text: a certificate and its private key (PKCS#8, P-256). */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;

// Ours alone: what the system's openssl.cnf adds differs from machine to machine.
const CONFIG = `
[req]
distinguished_name = name
prompt = no
[name]
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

async function inTempFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-certificates-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const write = (path: string, text: string) => writeFile(path, text, { mode: 0o600 });

export const newAuthority = (): Promise<Certificate> =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await Promise.all([write(at('openssl.cnf'), CONFIG), write(at('key.pem'), newKey())]);
    await run('openssl', [
      ...['req', '-x509', '-new', '-config', at('openssl.cnf'), '-extensions', 'ca'],
      ...['-key', at('key.pem'), '-out', at('cert.pem')],
      ...['-subj', '/O=Antiphon/CN=Antiphon engines', '-sha256', '-days', String(CA_DAYS)],
    ]);
    return { cert: await readFile(at('cert.pem'), 'utf8'), key: await readFile(at('key.pem'), 'utf8') };
  });

/** For a server of these host names and addresses, which also shows it as a client. The first names it. */
export const newCertificate = (authority: Certificate, hosts: readonly string[]): Promise<Certificate> =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const names = hosts.map((host) => `${isIP(host) ? 'IP' : 'DNS'}:${host}`).join(',');
    await Promise.all([
      write(at('openssl.cnf'), `${CONFIG}subjectAltName = ${names}\n`),
      write(at('ca.pem'), authority.cert),
      write(at('ca-key.pem'), authority.key),
      write(at('key.pem'), newKey()),
    ]);
    await run('openssl', [
      ...['req', '-new', '-config', at('openssl.cnf'), '-key', at('key.pem'), '-out', at('request.pem')],
      ...['-subj', `/O=Antiphon/CN=${hosts[0]}`],
    ]);
    await run('openssl', [
      ...['x509', '-req', '-in', at('request.pem'), '-CA', at('ca.pem'), '-CAkey', at('ca-key.pem')],
      ...['-extfile', at('openssl.cnf'), '-extensions', 'leaf', '-out', at('cert.pem')],
      ...[
        '-sha256',
        '-days',
        String(LEAF_DAYS),
        '-set_serial',
        `0x01${randomBytes(SERIAL_BYTES).toString('hex')}`,
      ],
    ]);
    return { cert: await readFile(at('cert.pem'), 'utf8'), key: await readFile(at('key.pem'), 'utf8') };
  });

/** Whether a certificate still stands for all these hosts, by this authority, for long enough. */
export function isGood(
  { cert, key }: Certificate,
  authority: Certificate,
  hosts: readonly string[],
  nowMs: number,
): boolean {
  try {
    const held = new X509Certificate(cert);
    return (
      held.verify(new X509Certificate(authority.cert).publicKey) &&
      held.checkPrivateKey(createPrivateKey(key)) &&
      held.validToDate.getTime() - nowMs > RENEW_DAYS_BEFORE * DAY_MS &&
      hosts.every((host) => (isIP(host) ? held.checkIP(host) : held.checkHost(host)) !== undefined)
    );
  } catch {
    return false;
  }
}
