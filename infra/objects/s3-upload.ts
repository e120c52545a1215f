/** One object on its way up: whole in one request when it is small, else in parts that are joined at the end. */
import { randomUUID } from 'node:crypto';
import {
  S3_JOIN_MS_MAX,
  S3_PART_BYTES,
  S3_PARTS_AT_ONCE_MAX,
  S3_PARTS_MAX,
} from '../../config/engine-limits.ts';
import { TooLargeError, UnavailableError } from '../../kit/errors.ts';
import type { ObjectInfo } from '../../kit/ports/objects.ts';
import { objectExists } from './object-key.ts';
import { refusal } from './s3-errors.ts';
import { OBJECTS_UNAVAILABLE, type S3Http, type S3Reply } from './s3-http.ts';
import { textOf } from './s3-xml.ts';

export interface Upload {
  readonly key: string;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
  readonly ifAbsent: boolean;
}

/** Tells our own object from another's of the same content when an answer was lost on the way. */
const WRITER = 'x-amz-meta-writer';

/** @throws ConflictError `OBJECT_EXISTS` */
export async function upload(http: S3Http, { key, content, ifAbsent }: Upload): Promise<ObjectInfo> {
  const writer = randomUUID();
  const condition: Record<string, string> = ifAbsent ? { 'if-none-match': '*' } : {};

  /** The object as it stands, if it is the one that this call has put there. */
  const own = async (): Promise<ObjectInfo | undefined> => {
    const reply = await http.send({ method: 'HEAD', key });
    return reply.status === 200 && reply.headers[WRITER] === writer ? infoOf(reply) : undefined;
  };

  /** What an answer that is not a plain yes means, when an earlier try may have been carried out. */
  const settle = async (reply: S3Reply): Promise<ObjectInfo> => {
    const mayBeDone = reply.wasRetried && (reply.status === 412 || reply.code === 'NoSuchUpload');
    const done = mayBeDone ? await own() : undefined;
    if (done) return done;
    throw reply.status === 412 ? objectExists(key) : refusal(reply, key);
  };

  const whole = async (body: Uint8Array): Promise<ObjectInfo> => {
    const reply = await http.send({ method: 'PUT', key, headers: { ...condition, [WRITER]: writer }, body });
    if (reply.status !== 200) return settle(reply);
    return { bytes: body.length, etag: String(reply.headers.etag) };
  };

  const inParts = async (parts: AsyncIterable<Uint8Array>): Promise<ObjectInfo> => {
    const begun = await http.send({
      method: 'POST',
      key,
      query: { uploads: '' },
      headers: { [WRITER]: writer },
    });
    const uploadId = textOf(begun.body.toString(), 'UploadId');
    if (begun.status !== 200 || !uploadId) throw refusal(begun, key);
    const sending = new Set<Promise<void>>();
    try {
      const etags: string[] = [];
      let bytes = 0;
      const send = async (body: Uint8Array, partNumber: number): Promise<void> => {
        const query = { partNumber: String(partNumber), uploadId };
        const reply = await http.send({ method: 'PUT', key, query, body });
        if (reply.status !== 200) throw refusal(reply, key);
        etags[partNumber - 1] = String(reply.headers.etag);
      };
      let partNumber = 0;
      for await (const part of parts) {
        partNumber++;
        if (partNumber > S3_PARTS_MAX) throw tooLarge(key);
        bytes += part.length;
        const sent = send(part, partNumber).then(() => void sending.delete(sent));
        // A failed one stays in the set for the next wait; meanwhile nobody else listens to it.
        sent.catch(() => {});
        sending.add(sent);
        if (sending.size >= S3_PARTS_AT_ONCE_MAX) await Promise.race(sending);
      }
      await Promise.all(sending);
      const joined = await http.send({
        method: 'POST',
        key,
        query: { uploadId },
        headers: condition,
        body: Buffer.from(partList(etags)),
        idleMsMax: S3_JOIN_MS_MAX,
        totalMsMax: S3_JOIN_MS_MAX,
      });
      const etag = textOf(joined.body.toString(), 'ETag');
      if (joined.status !== 200 || joined.code || !etag) return await settle(joined);
      return { bytes, etag: quoted(etag) };
    } catch (error) {
      await Promise.allSettled(sending);
      // While the store is away nothing can be cancelled; what stays is swept when it is next opened.
      const isAway = error instanceof UnavailableError && error.code === OBJECTS_UNAVAILABLE;
      if (!isAway) await http.send({ method: 'DELETE', key, query: { uploadId } }).catch(() => undefined);
      throw error;
    }
  };

  const parts = content instanceof Uint8Array ? slicesOf(content) : partsOf(content);
  const first = await parts.next();
  if (first.done) return whole(Buffer.alloc(0));
  if (first.value.length < S3_PART_BYTES) return whole(first.value);
  return inParts(prepend(first.value, parts));
}

export const infoOf = ({ headers }: S3Reply): ObjectInfo => ({
  bytes: Number(headers['content-length']),
  etag: String(headers.etag),
});

const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`);

const partList = (etags: readonly string[]): string =>
  `<CompleteMultipartUpload>${etags
    .map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
    .join('')}</CompleteMultipartUpload>`;

const tooLarge = (key: string) =>
  new TooLargeError('OBJECT_TOO_LARGE', `An object has at most ${S3_PARTS_MAX * S3_PART_BYTES} bytes.`, {
    key,
  });

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

async function* slicesOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += S3_PART_BYTES) yield content.subarray(at, at + S3_PART_BYTES);
}

/** Pieces of exactly S3_PART_BYTES; the last one is what remains. */
async function* partsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = Buffer.allocUnsafe(S3_PART_BYTES);
  let filled = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, S3_PART_BYTES - filled);
      part.set(chunk.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled < S3_PART_BYTES) continue;
      yield part;
      // The yielded one is still being sent.
      part = Buffer.allocUnsafe(S3_PART_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
