/** For tests of the deployment's own files: fresh secrets, and servers run from those very files as processes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { startProcess } from '../../local/process.ts';
import type { ClientTls } from '../../tls.ts';
import { makeSecrets } from '../secrets/make-secrets.ts';
import { COMPOSE_TOPOLOGY, type Topology } from '../secrets/parts.ts';

const READY_MS_MAX = 180_000;
const deploy = join(import.meta.dirname, '..');

export interface Deployed {
  readonly folder: string;
  /** A folder for each part. */
  readonly secrets: string;
  secret(part: string, name: string): Promise<string>;
  tlsOf(part: string): Promise<Required<ClientTls>>;
  /** A file of the deployment with each of these texts replaced; one that is not in it fails the test. */
  localCopy(t: Test, file: string, name: string, replaced: Readonly<Record<string, string>>): Promise<string>;
}

export async function deployed(t: Test, topology: Topology = COMPOSE_TOPOLOGY): Promise<Deployed> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-deploy-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const secrets = join(folder, 'secrets');
  await makeSecrets({ folder: secrets, nowMs: Date.now(), topology });
  const secret = (part: string, name: string) => readFile(join(secrets, part, name), 'utf8');
  return {
    folder,
    secrets,
    secret,
    tlsOf: async (part) => ({
      ca: await secret(part, 'ca.pem'),
      cert: await secret(part, 'cert.pem'),
      key: await secret(part, 'key.pem'),
    }),
    async localCopy(t, file, name, replaced) {
      let text = await readFile(join(deploy, file), 'utf8');
      for (const [from, to] of Object.entries(replaced)) {
        t.ok(text.includes(from), `${file} says ${from}`);
        text = text.replaceAll(from, to);
      }
      const path = join(folder, name);
      await writeFile(path, text, { mode: 0o700 });
      return path;
    },
  };
}

export interface Server {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly ready: () => Promise<unknown>;
}

/** Runs it until the test ends. */
export async function start(t: Test, { ready, ...server }: Server): Promise<void> {
  const running = await startProcess({
    ...server,
    ready: async () => Boolean(await ready()),
    readyMsMax: READY_MS_MAX,
  });
  t.teardown(() => running[Symbol.asyncDispose]());
}

/** The status and body that a TLS server of this machine answers. */
export const ask = (
  port: number,
  path: string,
  tls: ClientTls,
): Promise<{ readonly status: number; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: 'localhost', port, path, ...tls, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end();
  });
