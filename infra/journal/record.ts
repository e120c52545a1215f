/** A record as both engines keep it: JSON text. */
import { JOURNAL_RECORD_BYTES_MAX } from '../../config/limits.ts';
import { BadRequestError, TooLargeError } from '../../kit/errors.ts';

/** @throws BadRequestError when `data` is not plain JSON, TooLargeError when it is larger than the limit. */
export function encodeRecord(data: unknown): string {
  const json: string | undefined = JSON.stringify(data);
  if (json === undefined) throw new BadRequestError('BAD_RECORD', 'A journal record must be plain JSON.');
  const bytes = json.length * 3 <= JOURNAL_RECORD_BYTES_MAX ? 0 : Buffer.byteLength(json);
  if (bytes > JOURNAL_RECORD_BYTES_MAX) {
    throw new TooLargeError('RECORD_TOO_LARGE', `A journal record of ${bytes} bytes is too large.`, {
      bytes,
      bytesMax: JOURNAL_RECORD_BYTES_MAX,
    });
  }
  return json;
}
