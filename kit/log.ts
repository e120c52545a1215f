import pino from 'pino';
import { currentCall } from './call-context.ts';

const REDACTED = [
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'secret',
  'code',
];

// On standard error, so that what a command prints for a person can be read by itself.
const root = pino(
  {
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    redact: { paths: REDACTED.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
    mixin: () => {
      const { requestId } = currentCall();
      return requestId ? { requestId } : {};
    },
  },
  pino.destination(2),
);

export type Logger = pino.Logger;

const loggers: Logger[] = [root];

/** One logger constant per subsystem; fields first, then the message. */
export function logger(subsystem: string): Logger {
  const child = root.child({ subsystem });
  loggers.push(child);
  return child;
}

export function setLogLevel(level: pino.LevelWithSilent): void {
  for (const each of loggers) each.level = level;
}
