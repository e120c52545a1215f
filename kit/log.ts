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

const root = pino({
  level: process.env.ANTIPHON_LOG_LEVEL ?? 'info',
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  redact: { paths: REDACTED.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
  mixin: () => {
    const { requestId } = currentCall();
    return requestId ? { requestId } : {};
  },
});

export type Logger = pino.Logger;

/** One logger constant per subsystem; fields first, then the message. */
export const logger = (subsystem: string): Logger => root.child({ subsystem });
