/**
 * Calls of JetStream that are sent again while servers come and go: each says what it wants once, and ends
 * in an answer, a refusal, or UnavailableError at the caller's deadline or after JOURNAL_CALL_MS_MAX.
 */
import { ErrorCode, type NatsConnection, NatsError, nanos, nuid } from 'nats';
import {
  JOURNAL_CALL_MS_MAX,
  JOURNAL_RETRY_MS,
  JOURNAL_RETRY_MS_MAX,
  JOURNAL_TRY_MS,
  NATS_STUCK_MS,
} from '../../config/engine-limits.ts';
import { currentCall } from '../../kit/call-context.ts';
import { StaleWriteError, TooLargeError, UnavailableError, UnsupportedError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import { openRequests } from './requests.ts';

const log = logger('journal');

const NO_MESSAGE = 10037;
const STREAM_EXISTS_OTHERWISE = 10058;
/** The first is told by the leader, the second while another append of the subject is under way. */
const CONFLICTS = new Set([10071, 10164]);
const DUPLICATE_UNDER_WAY = 10158;
/** Streams are made before they are used: a server that says so has not heard of it yet. */
const STREAM_UNKNOWN = 10059;

class JetStreamError extends Error {
  override readonly name = 'JetStreamError';
  readonly status: number;
  readonly errCode: number;
  constructor({ code, err_code, description }: ApiFailure) {
    super(description);
    this.status = code;
    this.errCode = err_code ?? 0;
  }
}

interface ApiFailure {
  readonly code: number;
  readonly err_code?: number;
  readonly description: string;
}

/** A message as the leader of its stream holds it. */
export interface StoredMessage {
  readonly subject: string;
  readonly seq: number;
  readonly atMs: number;
  readonly text: string;
  readonly messageId?: string;
}

export interface StreamSpec {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly replicas: number;
  /** Only the newest message of each subject is kept. */
  readonly lastOnly?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface PublishOptions {
  readonly expectedSeq?: number;
  readonly messageId?: string;
  /** Instead of the caller's deadline. */
  readonly msMax?: number;
}

export interface JetStream {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  /** Creates the stream unless it is there. Resolves with its metadata. */
  ensure(spec: StreamSpec): Promise<Readonly<Record<string, string>>>;
  /**
   * Resolves with the message's seq once its stream has it on as many servers as it keeps.
   *
   * @throws StaleWriteError, TooLargeError, or UnavailableError `JOURNAL_NOT_ANSWERED`: it may be there or not.
   */
  publish(stream: string, subject: string, text: string, options?: PublishOptions): Promise<number>;
  /** The newest message of a subject, or of several by wildcard, as the leader knows it. */
  last(stream: string, subject: string): Promise<StoredMessage | undefined>;
  /** The first message of a subject at `fromSeq` or later, as the leader knows it. */
  next(stream: string, subject: string, fromSeq: number): Promise<StoredMessage | undefined>;
  /** An API call by the rest of its subject. */
  ask<T>(api: string, body: unknown, msMax?: number): Promise<T>;
}

const deadlineOf = (clock: Clock, msMax: number): number =>
  Math.min(clock.nowMs() + msMax, currentCall().deadlineMs ?? Number.POSITIVE_INFINITY);

const notAnswered = (cause: unknown): UnavailableError =>
  new UnavailableError('JOURNAL_NOT_ANSWERED', 'The journal does not answer. Try again in a moment.', {
    cause: String(cause),
  });

function passes(error: unknown): boolean {
  if (error instanceof JetStreamError)
    return error.status >= 500 || error.errCode === DUPLICATE_UNDER_WAY || error.errCode === STREAM_UNKNOWN;
  if (!(error instanceof NatsError)) return false;
  return error.code !== ErrorCode.PermissionsViolation && error.code !== ErrorCode.BadSubject;
}

const hasEnded = (connection: NatsConnection): boolean => connection.isClosed() || connection.isDraining();

export function openJetStream(connection: NatsConnection, clock: Clock, dedupeWindowMs: number): JetStream {
  const requests = openRequests(connection, clock);
  /** Unique by this process's part; counting on costs less than chance each time. */
  const idPrefix = `${nuid.next()}-`;
  let ids = 0;
  /** Since when nothing has been answered, and when that was last found. */
  let silentSinceMs: number | undefined;
  let silentAtMs = 0;

  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => void clock.after(delayMs, resolve));

  /** A server that is cut off from its cluster still talks to us, and would for ever. */
  function noticeSilence(): void {
    const nowMs = clock.nowMs();
    // What failed long ago, with nobody asking since, says nothing of the time between.
    if (nowMs - silentAtMs > NATS_STUCK_MS) silentSinceMs = undefined;
    silentAtMs = nowMs;
    silentSinceMs ??= nowMs;
    if (nowMs - silentSinceMs < NATS_STUCK_MS) return;
    silentSinceMs = undefined;
    log.warn({ server: connection.getServer() }, 'JetStream does not answer here, trying another server');
    connection.reconnect().catch(() => undefined);
  }

  /** Does `attempt`, given how long it may take, until it is answered; `settle` may turn a refusal into one. */
  async function insist<T>(msMax: number, attempt: (tryMs: number) => Promise<T>): Promise<T> {
    const untilMs = deadlineOf(clock, msMax);
    let pauseMs = JOURNAL_RETRY_MS;
    for (;;) {
      try {
        const answer = await attempt(Math.max(1, Math.min(JOURNAL_TRY_MS, untilMs - clock.nowMs())));
        silentSinceMs = undefined;
        return answer;
      } catch (error) {
        if (!passes(error)) throw error;
        noticeSilence();
        if (hasEnded(connection) || clock.nowMs() + pauseMs >= untilMs) throw notAnswered(error);
      }
      await pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, JOURNAL_RETRY_MS_MAX);
    }
  }

  async function request<T>(subject: string, body: unknown, tryMs: number): Promise<T> {
    const reply = await connection.request(subject, JSON.stringify(body), { timeout: tryMs });
    const answer = reply.json<T & { error?: ApiFailure }>();
    if (answer.error) throw new JetStreamError(answer.error);
    return answer;
  }

  const ask = <T>(api: string, body: unknown, msMax = JOURNAL_CALL_MS_MAX): Promise<T> =>
    insist(msMax, (tryMs) => request<T>(`$JS.API.${api}`, body, tryMs));

  async function get(stream: string, query: unknown): Promise<StoredMessage | undefined> {
    try {
      const { message } = await ask<{ message: RawMessage }>(`STREAM.MSG.GET.${stream}`, query);
      return storedOf(message);
    } catch (error) {
      if (error instanceof JetStreamError && error.errCode === NO_MESSAGE) return undefined;
      throw error;
    }
  }
  const last = (stream: string, subject: string) => get(stream, { last_by_subj: subject });

  /** A refused publish: its seq if it is there all the same, undefined if it was refused without cause. */
  async function settle(
    stream: string,
    subject: string,
    expectedSeq: number,
    messageId: string,
  ): Promise<number | undefined> {
    // Just after a change of leader a conflict can be told that is none; the leader itself knows.
    const newest = await last(stream, subject);
    const lastSeq = newest?.seq ?? 0;
    if (newest?.messageId === messageId) return lastSeq;
    if (lastSeq === expectedSeq) return undefined;
    throw new StaleWriteError('STALE_WRITE', 'Someone else has written this subject. Read it again.', {
      stream,
      subject,
      expectedSeq,
      lastSeq,
    });
  }

  return {
    connection,
    clock,
    ask,
    last,
    next: (stream, subject, fromSeq) => get(stream, { seq: fromSeq, next_by_subj: subject }),

    async publish(stream, subject, text, options = {}) {
      const { expectedSeq, msMax = JOURNAL_CALL_MS_MAX } = options;
      const messageId = options.messageId ?? idPrefix + (ids++).toString(36);
      const headers: [string, string][] = [['Nats-Msg-Id', messageId]];
      if (expectedSeq !== undefined) {
        headers.push(['Nats-Expected-Last-Subject-Sequence', String(expectedSeq)]);
      }
      return insist(msMax, async (tryMs) => {
        try {
          const reply = await requests.ask(subject, text, headers, tryMs);
          const answer = JSON.parse(reply) as { seq: number; error?: ApiFailure };
          if (answer.error) throw new JetStreamError(answer.error);
          return answer.seq;
        } catch (error) {
          if (error instanceof NatsError && error.code === ErrorCode.MaxPayloadExceeded) {
            throw new TooLargeError('RECORD_TOO_LARGE', 'The NATS servers take smaller messages only.');
          }
          const isConflict = error instanceof JetStreamError && CONFLICTS.has(error.errCode);
          if (!isConflict || expectedSeq === undefined) throw error;
          const seq = await settle(stream, subject, expectedSeq, messageId);
          if (seq === undefined) throw new JetStreamError({ code: 503, description: 'no conflict' });
          return seq;
        }
      });
    },

    async ensure({ name, subjects, replicas, lastOnly, metadata = {} }) {
      const config = {
        name,
        subjects,
        num_replicas: replicas,
        storage: 'file',
        retention: 'limits',
        discard: 'old',
        max_msgs: -1,
        max_bytes: -1,
        max_age: 0,
        max_msgs_per_subject: lastOnly ? 1 : -1,
        duplicate_window: nanos(dedupeWindowMs),
        allow_direct: true,
        metadata,
      };
      try {
        await ask(`STREAM.CREATE.${name}`, config);
        return metadata;
      } catch (error) {
        if (!(error instanceof JetStreamError)) throw error;
        if (error.errCode !== STREAM_EXISTS_OTHERWISE) {
          throw new UnsupportedError(
            'JOURNAL_REFUSED',
            `The NATS servers refuse the stream ${name}: ${error.message}. Are there ${replicas} of them?`,
          );
        }
      }
      const found = await ask<{ config: { num_replicas: number; metadata?: Record<string, string> } }>(
        `STREAM.INFO.${name}`,
        {},
      );
      if (found.config.num_replicas !== replicas) {
        const fields = { stream: name, replicas: found.config.num_replicas, wanted: replicas };
        log.warn(fields, 'the stream was made with other replicas; change it with: nats stream edit');
      }
      return found.config.metadata ?? {};
    },
  };
}

interface RawMessage {
  readonly subject: string;
  readonly seq: number;
  readonly time: string;
  readonly data?: string;
  readonly hdrs?: string;
}

function storedOf({ subject, seq, time, data = '', hdrs }: RawMessage): StoredMessage {
  const head = hdrs === undefined ? '' : Buffer.from(hdrs, 'base64').toString();
  const messageId = /^Nats-Msg-Id: (.*)\r$/m.exec(head)?.[1];
  const text = Buffer.from(data, 'base64').toString();
  return { subject, seq, atMs: Date.parse(time), text, ...(messageId !== undefined && { messageId }) };
}
