/** One process of the service, as an operator starts it, with the roles it is given. */
import { join } from 'node:path';
import type { Role } from '../../config/settings.ts';
import type { LocalHost } from './network.ts';
import { freePort, type LocalProcess, startProcess } from './process.ts';

const START = join(import.meta.dirname, '..', '..', 'scripts', 'start.ts');
const READY_MS_MAX = 60_000;

export interface LocalServiceOptions {
  /** Its name on the bus too. */
  readonly name: string;
  readonly roles: readonly Role[];
  readonly env: Readonly<Record<string, string>>;
  readonly host?: LocalHost;
  readonly port?: number;
  readonly onLine?: (line: string, name: string) => void;
}

export interface LocalService extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly process: LocalProcess;
  /** Starts it again, at the same address, after it has ended. */
  restart(): Promise<void>;
}

export async function startService(options: LocalServiceOptions): Promise<LocalService> {
  const { name, roles, env, host = { address: '127.0.0.1' }, onLine } = options;
  const port = options.port ?? (await freePort());
  const url = `http://${host.address}:${port}`;
  const start = (): Promise<LocalProcess> =>
    startProcess({
      name,
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', START],
      netns: host.netns,
      env: {
        ...env,
        ANTIPHON_NODE_ID: name,
        ANTIPHON_ROLES: roles.join(','),
        ANTIPHON_HOST: host.address,
        ANTIPHON_PORT: String(port),
      },
      ready: async () => (await fetch(`${url}/readyz`)).ok,
      readyMsMax: READY_MS_MAX,
      ...(onLine && { onLine }),
    });
  let running = await start();
  return {
    name,
    url,
    get process() {
      return running;
    },
    async restart() {
      await running.exited;
      running = await start();
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
