/** Objects in a bucket of an S3 API. What S3 acknowledges is durable as far as that server's word goes. */
import { createReadStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { OBJECT_STREAM_CHUNK_BYTES } from '../../config/limits.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { assertObjectKey, assertObjectPrefix, assertRange, noSuchFile } from './object-key.ts';
import { assertConditionalPuts, ensureBucket, sweepUploads } from './s3-bucket.ts';
import { refusal } from './s3-errors.ts';
import { createS3Http, type S3Http, type S3HttpOptions, type S3Reply } from './s3-http.ts';
import { keysOf } from './s3-list.ts';
import { infoOf, upload } from './s3-upload.ts';

/**
 * @throws UnavailableError `OBJECTS_UNAVAILABLE`, ForbiddenError `OBJECTS_FORBIDDEN`, UnsupportedError
 *   `OBJECTS_UNCONDITIONAL`
 */
export async function openS3Objects(options: S3HttpOptions): Promise<Objects & AsyncDisposable> {
  const http = createS3Http(options);
  try {
    await ensureBucket(http, options.region);
    await assertConditionalPuts(http);
    await sweepUploads(http, options.clock.nowMs());
  } catch (error) {
    http[Symbol.dispose]();
    throw error;
  }
  return objectsOver(http);
}

const objectsOver = (http: S3Http): Objects & AsyncDisposable => ({
  async put(key, content, { ifAbsent = false } = {}) {
    assertObjectKey(key);
    return upload(http, { key, content, ifAbsent });
  },
  async putFile(key, path) {
    assertObjectKey(key);
    const source = await lstat(path).catch(() => undefined);
    if (!source?.isFile()) throw noSuchFile(path);
    const content = createReadStream(path, { highWaterMark: OBJECT_STREAM_CHUNK_BYTES });
    const info = await upload(http, { key, content, ifAbsent: false });
    await rm(path);
    return info;
  },
  async head(key) {
    assertObjectKey(key);
    const reply = await http.send({ method: 'HEAD', key });
    return isThere(reply, key) ? infoOf(reply) : undefined;
  },
  async get(key) {
    assertObjectKey(key);
    const reply = await http.send({ method: 'GET', key });
    return isThere(reply, key) ? reply.body : undefined;
  },
  async range(key, start, end) {
    assertObjectKey(key);
    assertRange(start, end);
    // S3 knows no empty range.
    if (start === end)
      return isThere(await http.send({ method: 'HEAD', key }), key) ? Buffer.alloc(0) : undefined;
    const reply = await http.send({ method: 'GET', key, headers: { range: `bytes=${start}-${end - 1}` } });
    if (reply.status === 206) return reply.body;
    if (reply.status === 416) return Buffer.alloc(0);
    return isThere(reply, key) ? reply.body.subarray(start, end) : undefined;
  },
  async stream(key) {
    assertObjectKey(key);
    const opened = await http.open({ method: 'GET', key });
    if (Symbol.asyncIterator in opened) return opened;
    if (isThere(opened, key)) throw refusal(opened, key);
    return undefined;
  },
  async delete(key) {
    assertObjectKey(key);
    const reply = await http.send({ method: 'DELETE', key });
    if (reply.status !== 204 && reply.status !== 200 && reply.code !== 'NoSuchKey') throw refusal(reply, key);
  },
  list(prefix) {
    assertObjectPrefix(prefix);
    return keysOf(http, prefix);
  },
  async [Symbol.asyncDispose]() {
    http[Symbol.dispose]();
  },
});

/** Whether a read found the object. @throws what `refusal` gives */
function isThere(reply: S3Reply, key: string): boolean {
  if (reply.status === 200) return true;
  if (reply.status === 404 && reply.code !== 'NoSuchBucket') return false;
  throw refusal(reply, key);
}
