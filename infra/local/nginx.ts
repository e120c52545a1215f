/** The edge as a local process: nginx with the very configuration that is deployed (infra/deploy/nginx). */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { keysFile } from '../../media/edge/keys-file.ts';
import type { MediaKeys } from '../../media/edge/token.ts';
import { freePort, type LocalProcess, startProcess } from './process.ts';
import { findProgram } from './tools.ts';

const run = promisify(execFile);
const FOR_WORKERS_TOO: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGSTOP', 'SIGCONT']);
const DEPLOYED = resolve(import.meta.dirname, '../deploy/nginx');

export interface EdgeOptions {
  /** Holds configuration, keys, cache and logs; made when missing. */
  readonly folder: string;
  /** `host:port` of each process with role edge. */
  readonly origins: readonly string[];
  readonly keys: MediaKeys;
  /** `host:port` where an origin listens for what was served (media/edge/edge-reports.ts). */
  readonly reports: string;
  readonly host?: string;
  readonly port?: number;
  /** Whose X-Forwarded-For is believed: addresses or CIDR blocks; default none. */
  readonly trustedProxies?: readonly string[];
  /** As nginx writes sizes. */
  readonly cacheSize?: string;
  /** PEM files; the edge then listens for HTTPS on `tls.port` as well. */
  readonly tls?: { readonly port: number; readonly cert: string; readonly key: string };
  /** PEM file of the authority that signed the origins' certificates, and the name in them; absent: plain HTTP. */
  readonly originTls?: { readonly ca: string; readonly name: string };
  readonly onLine?: (line: string, name: string) => void;
}

export interface LocalEdge extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Serves /live and /status. */
  readonly statusUrl: string;
  readonly cacheFolder: string;
  /** JSON lines. */
  readonly logFile: string;
  /** SIGKILL, SIGSTOP and SIGCONT go to its workers as well, which would else serve on; others to the master. */
  kill(signal: NodeJS.Signals): void;
  /** Starts it again, at the same address and over the same cache, after it has ended. */
  restart(): Promise<void>;
  /** Takes new keys without dropping a request. */
  rotate(keys: MediaKeys): Promise<void>;
}

/**
 * Fills in `${NAME}` for the names given, as the official image's envsubst does.
 * @throws Error when one of ours is left over
 */
function renderTemplate(template: string, variables: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$\{(EDGE_[A-Z_]+)\}/g, (_whole, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`the edge's template needs ${name}`);
    return value;
  });
}

const template = (name: string): Promise<string> => readFile(join(DEPLOYED, name), 'utf8');

/** Writes all that nginx reads into the folder. */
async function configure(options: EdgeOptions, host: string, port: number, statusPort: number) {
  const { folder, origins, reports, trustedProxies = [], cacheSize = '1g', tls, originTls } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const variables = {
    EDGE_WORKERS: '1',
    EDGE_RUN: folder,
    EDGE_SCRIPTS: DEPLOYED,
    EDGE_KEYS: join(folder, 'keys.json'),
    EDGE_LOG: join(folder, 'access.log'),
    EDGE_REPORTS: reports,
    EDGE_TRUSTED_PROXIES: trustedProxies.map((from) => `set_real_ip_from ${from};`).join(' '),
    EDGE_ORIGINS: origins.map((origin) => `server ${origin} max_fails=3 fail_timeout=5s;`).join(' '),
    EDGE_ORIGIN_SCHEME: originTls ? 'https' : 'http',
    EDGE_ORIGIN_TLS: join(folder, originTls ? 'origin-tls.conf' : 'no-tls*.conf'),
    EDGE_ORIGIN_CA: originTls?.ca ?? '',
    EDGE_ORIGIN_NAME: originTls?.name ?? '',
    EDGE_CACHE: join(folder, 'cache'),
    EDGE_CACHE_SIZE: cacheSize,
    EDGE_LISTEN: `${host}:${port}`,
    EDGE_STATUS: `${host}:${statusPort}`,
    // A pattern that matches nothing is as good as no file.
    EDGE_TLS: join(folder, tls ? 'tls.conf' : 'no-tls*.conf'),
    EDGE_TLS_LISTEN: `${host}:${tls?.port}`,
    EDGE_TLS_CERT: tls?.cert ?? '',
    EDGE_TLS_KEY: tls?.key ?? '',
  };
  await writeKeys(variables.EDGE_KEYS, options.keys);
  for (const name of [
    'nginx.conf',
    ...(tls ? ['tls.conf'] : []),
    ...(originTls ? ['origin-tls.conf'] : []),
  ]) {
    await writeFile(join(folder, name), renderTemplate(await template(`${name}.template`), variables));
  }
  return variables;
}

/** In one step, since a reload may read it at any moment. */
async function writeKeys(path: string, keys: MediaKeys): Promise<void> {
  await writeFile(`${path}.new`, keysFile(keys), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** @throws Error that says what is missing, or what nginx said of its configuration. */
export async function startEdge(options: EdgeOptions): Promise<LocalEdge> {
  const nginx = await findProgram('nginx');
  if (!nginx) throw new Error('nginx with njs is needed: apt-get install nginx libnginx-mod-http-js');
  const { folder, host = '127.0.0.1', onLine } = options;
  const [port, statusPort] = [options.port ?? (await freePort(host)), await freePort(host)];
  const variables = await configure(options, host, port, statusPort);
  // As root, workers would else become a user that cannot read this folder.
  const directives = `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}`;
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf'), '-g', directives];
  const told = await run(nginx, [...args, '-t']).catch((error: { stderr?: string }) => error);
  if (told instanceof Error) throw new Error(`nginx refuses its configuration:\n${told.stderr}`);

  const statusUrl = `http://${host}:${statusPort}`;
  const start = (): Promise<LocalProcess> =>
    startProcess({
      name: 'nginx',
      command: nginx,
      args,
      ready: async () => (await fetch(`${statusUrl}/live`)).ok,
      ...(onLine && { onLine }),
    });
  let server = await start();
  return {
    url: `http://${host}:${port}`,
    get pid() {
      return server.pid;
    },
    statusUrl,
    cacheFolder: variables.EDGE_CACHE,
    logFile: variables.EDGE_LOG,
    kill(signal) {
      if (FOR_WORKERS_TOO.has(signal)) process.kill(-server.pid, signal);
      else server.kill(signal);
    },
    async restart() {
      await server.exited;
      server = await start();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    async rotate(keys) {
      await writeKeys(variables.EDGE_KEYS, keys);
      server.kill('SIGHUP');
    },
  };
}
