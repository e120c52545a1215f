/** Moleculer's log lines through ours: fields first, then the message. */
import type { LoggerConfig } from 'moleculer';
import { logger } from '../../kit/log.ts';

/** Said at each try of a call: the bus tries again, and whoever called is told when that ends (retries.ts). */
const SAID_OF_A_TRY = /^Service '.+' is not (registered|available)\.$/;

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

function bound(module: string) {
  // What Moleculer says at level info is about itself: which service it registered, which node it saw.
  const log = logger('bus').child({ module }, { level: 'warn' });
  const write = (level: (typeof LEVELS)[number], args: readonly unknown[]) => {
    if (SAID_OF_A_TRY.test(String(args[0]))) return;
    const err = args.find((arg) => arg instanceof Error);
    const fields = args.filter((arg) => typeof arg === 'object' && arg !== err);
    log[level](Object.assign({}, ...fields, err && { err }), args.filter(isText).join(' '));
  };
  const handlerOf = (level: (typeof LEVELS)[number]) =>
    // Moleculer composes a line for every call, whether anybody reads it or not.
    log.isLevelEnabled(level) ? (...args: unknown[]) => write(level, args) : ignore;
  return Object.fromEntries(LEVELS.map((level) => [level, handlerOf(level)]));
}

const ignore = () => {};
const isText = (arg: unknown) => typeof arg === 'string' || typeof arg === 'number';

export const busLogger = {
  type: 'Pino',
  options: {
    level: 'warn',
    createLogger: (_level: string, { mod }: { readonly mod: string }) => bound(mod),
  },
} as LoggerConfig;
