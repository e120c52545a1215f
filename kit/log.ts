import pino from 'pino';
import { LOG_BUFFER_BYTES, LOG_FLUSH_EVERY_MS, LOG_WAITING_BYTES_MAX } from '../config/limits.ts';
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

// On standard error, so that what a command prints for a person can be read by itself. Lines are written in
// batches, since a write of its own costs more than the line; pino writes what is left when the process exits.
const destination = pino.destination({
  dest: 2,
  sync: false,
  minLength: LOG_BUFFER_BYTES,
  maxLength: LOG_WAITING_BYTES_MAX,
  periodicFlush: LOG_FLUSH_EVERY_MS,
});

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
  destination,
);

export type Logger = pino.Logger;

const loggers: Logger[] = [root];

/** One logger constant per subsystem; fields first, then the message. */
export function logger(subsystem: string, options: pino.ChildLoggerOptions = {}): Logger {
  const child = root.child({ subsystem }, options);
  loggers.push(child);
  return child;
}

export function setLogLevel(level: pino.LevelWithSilent): void {
  for (const each of loggers) each.level = level;
}
