/** Argon2id (RFC 9106) as PHC strings, off the event loop and never more at once than memory allows. */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { currentCall } from '../../kit/call-context.ts';
import { DeadlineExceededError, UnavailableError } from '../../kit/errors.ts';
import { createGate } from '../../kit/gate.ts';
import type { Clock } from '../../kit/sources.ts';
import { normalPassword } from './domain-password.ts';

const argon2Async = promisify(argon2);
const SALT_BYTES = 16;
const TAG_BYTES = 32;

export interface HashLimits {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly atOnceMax: number;
  readonly waitingMax: number;
}

export interface PasswordHasher {
  /** @throws UnavailableError `BUSY` when too many wait already. */
  hash(password: string): Promise<string>;
  /**
   * Without a stored hash it costs the same and is false. `mayTry` runs once the turn has come, so that a
   * crowd of guesses sent at the same time meets a limit that the first of them reached.
   */
  verify(password: string, phc: string | undefined, mayTry?: () => Promise<void>): Promise<boolean>;
  /** Whether the hash was made with other parameters than today's. */
  isOutdated(phc: string): boolean;
}

interface Phc {
  readonly parameters: Pick<Argon2Parameters, 'memory' | 'passes' | 'parallelism'>;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const PHC_PATTERN = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

function parsePhc(text: string): Phc {
  const [, memory, passes, parallelism, salt = '', tag = ''] = PHC_PATTERN.exec(text) ?? [];
  if (!memory) throw new Error('a stored password hash is no argon2id PHC string');
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

const formatPhc = ({ parameters: { memory, passes, parallelism }, salt, tag }: Phc): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;

export function createPasswordHasher(clock: Clock, limits: HashLimits): PasswordHasher {
  const inTurn = createGate({
    atOnceMax: limits.atOnceMax,
    waitingMax: limits.waitingMax,
    busy: () => new UnavailableError('BUSY', 'Too many are logging in at once; try again in a moment.'),
  });
  const parameters = { memory: limits.memoryKib, passes: limits.passes, parallelism: limits.lanes };
  /** No password has this tag: what an unknown user's password is compared with. */
  const nobody: Phc = { parameters, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) };

  const derive = (password: string, { parameters, salt, tag }: Phc): Promise<Buffer> =>
    argon2Async('argon2id', {
      ...parameters,
      message: normalPassword(password),
      nonce: salt,
      tagLength: tag.length,
    });

  function assertInTime(): void {
    const { deadlineMs } = currentCall();
    if (deadlineMs !== undefined && clock.nowMs() > deadlineMs) {
      throw new DeadlineExceededError('DEADLINE_EXCEEDED', 'The service is busy; try again in a moment.');
    }
  }

  return {
    hash: (password) =>
      inTurn(async () => {
        assertInTime();
        const fresh = { ...nobody, salt: randomBytes(SALT_BYTES) };
        return formatPhc({ ...fresh, tag: await derive(password, fresh) });
      }),

    verify: (password, phc, mayTry) =>
      inTurn(async () => {
        assertInTime();
        await mayTry?.();
        const stored = phc === undefined ? nobody : parsePhc(phc);
        return timingSafeEqual(await derive(password, stored), stored.tag);
      }),

    isOutdated(phc) {
      const stored = parsePhc(phc).parameters;
      return (
        stored.memory !== parameters.memory ||
        stored.passes !== parameters.passes ||
        stored.parallelism !== parameters.parallelism
      );
    },
  };
}
