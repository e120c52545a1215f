/** The service as the benchmark starts it: in one process, or in parts over NATS. */
import { join } from 'node:path';
import { ROLES } from '../../../config/settings.ts';
import { startNats } from '../../../infra/local/nats.ts';
import { freePort, startProcess } from '../../../infra/local/process.ts';
import { startService } from '../../../infra/local/service.ts';
import type { BenchNodeOptions } from './node.ts';

export interface Part {
  readonly name: string;
  readonly pid: number;
}
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly parts: readonly Part[];
}

/** What a service has to complain of is for whoever runs the benchmark; refused requests are counted there. */
const onLine = (line: string): void => {
  if (line.includes('"level":') && !line.includes('"msg":"request"')) process.stderr.write(`${line}\n`);
};

/** The whole service as `npm start` starts it: one process, embedded engines. */
export async function startEmbedded(dataDir: string): Promise<Service> {
  const service = await startService({
    name: 'antiphon',
    roles: ROLES,
    onLine,
    env: {
      ANTIPHON_DATA: dataDir,
      ANTIPHON_DEMO: 'off',
      ANTIPHON_LOG_LEVEL: 'warn',
      ANTIPHON_TRUSTED_PROXIES: '127.0.0.0/8',
    },
  });
  return {
    url: service.url,
    parts: [{ name: 'service', pid: service.process.pid }],
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** A gateway and an actor node, with NATS between them and as their journal. */
export async function startOverNats(
  dataDir: string,
  secret: string,
  folder: string,
  servers: 1 | 3,
): Promise<Service> {
  await using opened = new AsyncDisposableStack();
  const nats = opened.use(await startNats({ count: servers, folder: join(folder, `nats-${servers}`) }));
  const start = async (nodeId: string, role: BenchNodeOptions['role'], ready: () => Promise<boolean>) => {
    const options: BenchNodeOptions = { nodeId, nats: nats.urls, role };
    const args = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'node.ts')];
    return opened.use(
      await startProcess({
        name: nodeId,
        command: process.execPath,
        args: [...args, JSON.stringify(options)],
        onLine,
        ready,
        readyMsMax: 60_000,
      }),
    );
  };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // The gateway is ready once it reaches the actors.
  const actors = await start('actors', { name: 'actors', dataDir, masterSecret: secret }, async () => true);
  const gateway = await start(
    'gateway',
    { name: 'gateway', port },
    async () => (await fetch(`${url}/readyz`)).ok,
  );
  const running = opened.move();
  return {
    url,
    parts: [
      { name: 'gateway', pid: gateway.pid },
      { name: 'actor node', pid: actors.pid },
      ...nats.servers.map(({ name, process: { pid } }) => ({ name, pid })),
    ],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
