import { ForbiddenError, NotFoundError } from '../../kit/errors.ts';
import type { S3Reply } from './s3-http.ts';
import { textOf } from './s3-xml.ts';

/** An answer of the object store that is neither what was asked for nor passing. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
}

/** Servers disagree on the status: an unknown user is 404 to one of them. */
const NOT_LET_IN = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'XAdminUserNotFound']);

/** What the store's refusal means to whoever runs the service. */
export function refusal(reply: S3Reply, what: string): Error {
  const { status, code = `status ${status}` } = reply;
  if (status === 401 || status === 403 || NOT_LET_IN.has(code)) {
    return new ForbiddenError(
      'OBJECTS_FORBIDDEN',
      `The object store refuses our credentials (${code}); check the access key, the secret key and its rights.`,
      { what, code },
    );
  }
  if (code === 'NoSuchBucket') {
    return new NotFoundError(
      'NO_BUCKET',
      'The bucket of the object store is gone; restart to make it anew.',
      {
        what,
      },
    );
  }
  const message = textOf(reply.body.toString(), 'Message') ?? '';
  return new ObjectStoreError(`The object store answered ${code} to ${what}. ${message}`);
}
