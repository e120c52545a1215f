/** What must be true of a bucket before anything is entrusted to it. */
import { S3_LIST_KEYS_MAX, S3_UPLOAD_AGE_MS_MAX } from '../../config/engine-limits.ts';
import { UnsupportedError } from '../../kit/errors.ts';
import { refusal } from './s3-errors.ts';
import type { S3Http } from './s3-http.ts';
import { textsOf } from './s3-xml.ts';

/** Starts with a dot, which no object key does. */
const MARK = '.antiphon';

/** Made when missing, by one of all who come at once. @throws what `refusal` gives, or UnavailableError. */
export async function ensureBucket(http: S3Http, region: string): Promise<void> {
  const seen = await http.send({ method: 'GET', query: { 'list-type': '2', 'max-keys': '1' } });
  if (seen.status === 200) return;
  if (seen.code !== 'NoSuchBucket') throw refusal(seen, 'the bucket');
  const elsewhere = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  const made = await http.send({
    method: 'PUT',
    ...(region !== 'us-east-1' && { body: Buffer.from(elsewhere) }),
  });
  // BucketAlreadyOwnedByYou: another process of ours was first.
  if (made.status !== 200 && made.status !== 409) throw refusal(made, 'making the bucket');
}

/**
 * A server that ignores `If-None-Match` would let two writers of one key both believe that they won.
 *
 * @throws UnsupportedError `OBJECTS_UNCONDITIONAL`
 */
export async function assertConditionalPuts(http: S3Http): Promise<void> {
  const put = () => http.send({ method: 'PUT', key: MARK, headers: { 'if-none-match': '*' } });
  let reply = await put();
  if (reply.status === 200) reply = await put();
  if (reply.status === 412) return;
  if (reply.status !== 200) throw refusal(reply, 'writing to the bucket');
  throw new UnsupportedError(
    'OBJECTS_UNCONDITIONAL',
    'This object store does not keep If-None-Match; take one that has conditional writes.',
  );
}

/** Cancels uploads in parts whose writer must have died. */
export async function sweepUploads(http: S3Http, nowMs: number): Promise<void> {
  const query = { uploads: '', 'max-uploads': String(S3_LIST_KEYS_MAX) };
  const reply = await http.send({ method: 'GET', query });
  if (reply.status !== 200) return;
  for (const upload of reply.body.toString().split('<Upload>').slice(1)) {
    const [key] = textsOf(upload, 'Key');
    const [uploadId] = textsOf(upload, 'UploadId');
    const initiatedMs = Date.parse(textsOf(upload, 'Initiated')[0] ?? '');
    if (!key || !uploadId || !(nowMs - initiatedMs > S3_UPLOAD_AGE_MS_MAX)) continue;
    await http.send({ method: 'DELETE', key, query: { uploadId } });
  }
}
