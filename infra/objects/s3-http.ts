/** Requests to an S3 API: signed, bounded in number and time, sent again where that is safe. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import {
  S3_IDLE_MS_MAX,
  S3_REQUEST_MS_MAX,
  S3_REQUESTS_AT_ONCE_MAX,
  S3_REQUESTS_WAITING_MAX,
  S3_RETRY_MS,
  S3_RETRYING_MS_MAX,
  S3_STREAM_MS_MAX,
  S3_STREAM_STALL_MS_MAX,
  S3_TRIES_MAX,
} from '../../config/engine-limits.ts';
import { AntiphonError, UnavailableError } from '../../kit/errors.ts';
import { createGate } from '../../kit/gate.ts';
import type { Clock, Random } from '../../kit/sources.ts';
import type { ClientTls } from '../tls.ts';
import { createSigner, EMPTY_SHA256, queryText, type S3Credentials } from './s3-signature.ts';
import { textOf } from './s3-xml.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Absent: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** How long nothing may move; S3_IDLE_MS_MAX when absent. */
  readonly idleMsMax?: number;
  /** How long all of one try may take; S3_REQUEST_MS_MAX when absent. */
  readonly totalMsMax?: number;
}

export interface S3Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** S3's own code of an error that came with a body. */
  readonly code: string | undefined;
  /** An earlier try may have been carried out although its answer was lost. */
  readonly wasRetried: boolean;
}

export interface S3Http extends Disposable {
  /** Any answer but a passing failure. @throws UnavailableError `OBJECTS_UNAVAILABLE` */
  send(request: S3Request): Promise<S3Reply>;
  /** As `send` for an object that is there; else its error's reply. The stream ends with an UnavailableError. */
  open(request: S3Request): Promise<S3Reply | AsyncIterable<Uint8Array>>;
}

export interface S3HttpOptions extends S3Credentials {
  /** http(s)://host:port */
  readonly url: string;
  readonly bucket: string;
  readonly tls?: ClientTls;
  readonly clock: Clock;
  readonly random: Random;
}

/** Says that the same request may succeed soon. */
const PASSING = new Set(['SlowDown', 'InternalError', 'RequestTimeout', 'ConditionalRequestConflict']);

/** The reply, unless it is worth asking again. */
function lasting(reply: S3Reply): S3Reply {
  const { status, code = '' } = reply;
  const isPassing = (status >= 500 && status !== 501) || status === 429 || PASSING.has(code);
  if (isPassing) throw new Error(`The object store answered ${status} ${code}.`);
  return reply;
}

export const OBJECTS_UNAVAILABLE = 'OBJECTS_UNAVAILABLE';

const unavailable = (why: unknown) =>
  new UnavailableError(OBJECTS_UNAVAILABLE, 'The object store is away for the moment; try again soon.', {
    why: why instanceof Error ? why.message : String(why),
  });

export function createS3Http({ url, bucket, tls, clock, random, ...credentials }: S3HttpOptions): S3Http {
  const { protocol, host, hostname, port } = new URL(url);
  const [request, Agent] = protocol === 'https:' ? [httpsRequest, HttpsAgent] : [httpRequest, HttpAgent];
  const agent = new Agent({ keepAlive: true, ...tls });
  const sign = createSigner(credentials);
  const gate = createGate({
    atOnceMax: S3_REQUESTS_AT_ONCE_MAX,
    waitingMax: S3_REQUESTS_WAITING_MAX,
    busy: () =>
      new UnavailableError('OBJECTS_BUSY', 'Too many objects are asked for at once; try again soon.'),
  });

  /** One try. Resolves with the headers; the body is still on its way. */
  async function begin(asked: S3Request): Promise<IncomingMessage> {
    const { method, key, query = {}, headers = {}, body } = asked;
    const { idleMsMax = S3_IDLE_MS_MAX, totalMsMax = S3_REQUEST_MS_MAX } = asked;
    const path = key === undefined ? `/${bucket}` : `/${bucket}/${key}`;
    const bodySha256 = body?.length ? await sha256Of(body) : EMPTY_SHA256;
    const signed = sign({ method, path, query, headers: { ...headers, host }, bodySha256 }, clock.nowMs());
    if (method === 'PUT' || method === 'POST') signed['content-length'] = String(body?.length ?? 0);
    const target = Object.keys(query).length > 0 ? `${path}?${queryText(query)}` : path;
    return new Promise((resolve, reject) => {
      const out = request({
        agent,
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        method,
        path: target,
        headers: signed,
        timeout: idleMsMax,
      });
      const late = clock.after(totalMsMax, () => out.destroy(new Error('The request took too long.')));
      out.on('timeout', () => out.destroy(new Error(`Nothing moved for ${idleMsMax / 1000} s.`)));
      out.on('close', () => late.cancel());
      out.on('error', reject);
      out.on('response', resolve);
      out.end(body);
    });
  }

  const replyOf = async (response: IncomingMessage, wasRetried: boolean): Promise<S3Reply> => {
    const body = await buffer(response);
    const status = response.statusCode ?? 0;
    // The answer to joined parts may be an error under a status of 200.
    const isError = status >= 400 || body.subarray(0, 200).includes('<Error>');
    const code = isError ? textOf(body.toString(), 'Code') : undefined;
    return { status, headers: response.headers, body, code, wasRetried };
  };

  /** Tries until `run` gives an answer; what it throws passes, unless it is an error of ours. */
  async function trying<T>(run: (wasRetried: boolean) => Promise<T>): Promise<T> {
    const beganMs = clock.nowMs();
    for (let tries = 1; ; tries++) {
      try {
        return await gate(() => run(tries > 1));
      } catch (error) {
        if (error instanceof AntiphonError) throw error;
        if (tries === S3_TRIES_MAX || clock.nowMs() - beganMs > S3_RETRYING_MS_MAX) throw unavailable(error);
      }
      const waitMs = S3_RETRY_MS * 2 ** tries * random.next();
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    }
  }

  return {
    send: (asked) => trying(async (wasRetried) => lasting(await replyOf(await begin(asked), wasRetried))),
    open: (asked) =>
      trying(async (wasRetried) => {
        const response = await begin({
          ...asked,
          idleMsMax: S3_STREAM_STALL_MS_MAX,
          totalMsMax: S3_STREAM_MS_MAX,
        });
        if (response.statusCode === 200) return chunksOf(response);
        return lasting(await replyOf(response, wasRetried));
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (error) {
    throw unavailable(error);
  } finally {
    response.destroy();
  }
}

/** Away from the event loop: a part takes some 10 ms. */
const sha256Of = async (bytes: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString('hex');
