/**
 * The one place that reads the environment. Every bad setting is reported at once.
 */
import { isAbsolute, resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import { Country, literals, object } from '../kit/contract.ts';
import { problemsOf } from '../kit/validate.ts';

const Path = Type.String({ minLength: 1 });

const Settings = object({
  /** All that the service keeps lives in this folder. */
  dataDir: Path,
  host: Type.String({ minLength: 1 }),
  port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  /** Where browsers reach the service when a proxy stands in front, e.g. https://music.example.org */
  publicUrl: Type.Optional(Type.String({ pattern: '^https?://[^/]+$' })),
  tlsCert: Type.Optional(Path),
  tlsKey: Type.Optional(Path),
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustedProxies: Type.Array(Type.String({ minLength: 1 })),
  /** Other origins whose pages may call the API. */
  corsOrigins: Type.Array(Type.String({ pattern: '^https?://[^/]+$' })),
  /** With it, /metrics also answers callers that are not on this machine. */
  metricsToken: Type.Optional(Type.String({ minLength: 16 })),
  /** At least 32 bytes; made on first run and kept in the data folder when not given. */
  masterSecret: Type.Optional(Type.String({ minLength: 32 })),
  /** Country of an account that names none. */
  defaultCountry: Country,
  /** Whether demo music is made when the catalogue is empty. */
  demo: Type.Boolean(),
  /** Whether anyone who reaches the service may make an account. */
  openSignUp: Type.Boolean(),
  ffmpegPath: Type.Optional(Path),
  logLevel: literals('trace', 'debug', 'info', 'warn', 'error', 'silent'),
  nodeId: Type.String({ pattern: '^[\\w.-]{1,64}$' }),
});
export type Settings = Static<typeof Settings>;

type Env = Readonly<Record<string, string | undefined>>;

const VARIABLES: Readonly<Record<keyof Settings, string>> = {
  dataDir: 'ANTIPHON_DATA',
  host: 'ANTIPHON_HOST',
  port: 'ANTIPHON_PORT',
  publicUrl: 'ANTIPHON_PUBLIC_URL',
  tlsCert: 'ANTIPHON_TLS_CERT',
  tlsKey: 'ANTIPHON_TLS_KEY',
  trustedProxies: 'ANTIPHON_TRUSTED_PROXIES',
  corsOrigins: 'ANTIPHON_CORS_ORIGINS',
  metricsToken: 'ANTIPHON_METRICS_TOKEN',
  masterSecret: 'ANTIPHON_MASTER_SECRET',
  defaultCountry: 'ANTIPHON_COUNTRY',
  demo: 'ANTIPHON_DEMO',
  openSignUp: 'ANTIPHON_OPEN_SIGN_UP',
  ffmpegPath: 'FFMPEG_PATH',
  logLevel: 'ANTIPHON_LOG_LEVEL',
  nodeId: 'ANTIPHON_NODE_ID',
};

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const list = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

const flag = (value: string | undefined, fallback: boolean): boolean | string =>
  value === undefined ? fallback : ({ on: true, true: true, off: false, false: false }[value] ?? value);

/** @throws SettingsError naming every variable that is wrong. */
export function readSettings(env: Env, cwd: string): Settings {
  const dataDir = env.ANTIPHON_DATA || 'data';
  const settings = {
    dataDir: isAbsolute(dataDir) ? dataDir : resolve(cwd, dataDir),
    host: env.ANTIPHON_HOST || '127.0.0.1',
    port: Number(env.ANTIPHON_PORT || 4600),
    publicUrl: env.ANTIPHON_PUBLIC_URL?.replace(/\/$/, '') || undefined,
    tlsCert: env.ANTIPHON_TLS_CERT || undefined,
    tlsKey: env.ANTIPHON_TLS_KEY || undefined,
    trustedProxies: list(env.ANTIPHON_TRUSTED_PROXIES),
    corsOrigins: list(env.ANTIPHON_CORS_ORIGINS),
    metricsToken: env.ANTIPHON_METRICS_TOKEN || undefined,
    masterSecret: env.ANTIPHON_MASTER_SECRET || undefined,
    defaultCountry: env.ANTIPHON_COUNTRY || 'ZZ',
    demo: flag(env.ANTIPHON_DEMO, true),
    openSignUp: flag(env.ANTIPHON_OPEN_SIGN_UP, true),
    ffmpegPath: env.FFMPEG_PATH || undefined,
    logLevel: env.ANTIPHON_LOG_LEVEL || 'info',
    nodeId: env.ANTIPHON_NODE_ID || 'antiphon-1',
  };
  const problems = problemsOf(Settings, settings).map((problem) => {
    const [field = '', ...rest] = problem.split(':');
    return `${VARIABLES[field.split('.')[0] as keyof Settings] ?? field}:${rest.join(':')}`;
  });
  if (Boolean(settings.tlsCert) !== Boolean(settings.tlsKey)) {
    problems.push('ANTIPHON_TLS_CERT and ANTIPHON_TLS_KEY: give both or neither');
  }
  if (problems.length > 0) throw new SettingsError(`bad settings:\n  ${problems.join('\n  ')}`);
  return settings as Settings;
}
