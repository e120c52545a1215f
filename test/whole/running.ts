/** The service as a person runs it, on a temp folder with short songs, and how tests speak to it. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { type RunningService, startService } from '../../broker.config.ts';
import { readSettings, type Settings } from '../../config/settings.ts';
import { openIngest } from '../../ingest.config.ts';
import type { Ffmpeg } from '../../media/ingest/ffmpeg.ts';
import { type ImportSummary, importFolder } from '../../media/ingest/import.ts';

export const PASSWORD = 'seven lanterns over water';

export const settingsIn = (root: string, env: Record<string, string> = {}): Settings =>
  readSettings(
    {
      ANTIPHON_DATA: join(root, 'data'),
      ANTIPHON_PORT: '0',
      ANTIPHON_DEMO: 'off',
      ANTIPHON_TRUSTED_PROXIES: '127.0.0.1',
      ...env,
    },
    root,
  );

/** Lets `lay` put files into a folder, and imports it. */
export async function takeIn(
  settings: Settings,
  folder: string,
  lay: (ffmpeg: Ffmpeg) => Promise<void>,
): Promise<ImportSummary> {
  await using deps = await openIngest(settings);
  await lay(deps.ffmpeg);
  return await importFolder({ folders: [folder], deps, workers: 1 });
}

export interface Asked {
  readonly token?: string;
  /** Text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers: Headers;
}

export interface Session {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface Running {
  readonly service: RunningService;
  ask(method: string, path: string, asked?: Asked): Promise<Answer>;
  signUp(username: string, more?: Record<string, string>): Promise<Session>;
  stop(): Promise<void>;
}

export async function run(t: Test, settings: Settings): Promise<Running> {
  const service = await startService(settings);
  const disposed = async () => service[Symbol.asyncDispose]();
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= disposed());
  t.teardown(stop);

  let callers = 0;
  /** Each call comes from another address, so that limits of an address are no part of what is tried. */
  const ask = async (method: string, path: string, asked: Asked = {}): Promise<Answer> => {
    const { token, body, headers } = asked;
    callers++;
    const response = await fetch(service.url + path, {
      method,
      headers: {
        'x-forwarded-for': `10.0.${callers >> 8}.${callers & 255}`,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, text, headers: response.headers };
  };

  return {
    service,
    ask,
    stop,
    async signUp(username, more = {}) {
      const body = { username, password: PASSWORD, ...more };
      return JSON.parse((await ask('POST', '/api/accounts', { body })).text) as Session;
    },
  };
}
