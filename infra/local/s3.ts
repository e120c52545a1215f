/** An S3 server over a folder, as a process of this machine. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { accepts, freePort, type LocalProcess, startProcess } from './process.ts';
import { goTool, VERSITYGW } from './tools.ts';

export interface LocalS3Options {
  readonly folder: string;
  /** PEM files of the server's certificate; absent: plain HTTP. */
  readonly tls?: { readonly certPath: string; readonly keyPath: string };
  /** Its address; left out: 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly onLine?: (line: string, name: string) => void;
}

export interface LocalS3 extends AsyncDisposable {
  readonly url: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** SIGKILL, SIGSTOP, SIGCONT. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it answers again, at the same address and over the same folder. */
  restart(): Promise<void>;
}

export async function startS3(options: LocalS3Options): Promise<LocalS3> {
  const { folder, tls, host = '127.0.0.1', accessKey = 'antiphon', secretKey = 'antiphon-secret' } = options;
  const command = await goTool(VERSITYGW);
  const port = options.port ?? (await freePort(host));
  const data = join(folder, 's3');
  await mkdir(data, { recursive: true });
  const url = `${tls ? 'https' : 'http'}://${host}:${port}`;
  const start = (): Promise<LocalProcess> =>
    startProcess({
      name: 's3',
      command,
      args: [
        ...['--quiet', '--keep-alive', '--port', `${host}:${port}`],
        ...(tls ? ['--cert', tls.certPath, '--key', tls.keyPath] : []),
        ...['posix', data],
      ],
      env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
      ready: () => accepts(host, port),
      ...(options.onLine && { onLine: options.onLine }),
    });
  let running = await start();
  return {
    url,
    region: 'us-east-1',
    accessKey,
    secretKey,
    kill: (signal) => running.kill(signal),
    async restart() {
      await running[Symbol.asyncDispose]();
      running = await start();
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
