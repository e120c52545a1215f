/** Reads a JSON object from a request, within bounds. */
import { REQUEST_BODY_BYTES_MAX } from '../../config/limits.ts';
import { BadRequestError, TooLargeError, UnsupportedError } from '../../kit/errors.ts';
import type { HttpRequest } from '../../kit/http.ts';
import type { Given } from './params.ts';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export const hasBody = (req: HttpRequest): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const tooLarge = () =>
  new TooLargeError('BODY_TOO_LARGE', `A request body has at most ${REQUEST_BODY_BYTES_MAX} bytes.`);

function readBytes(req: HttpRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > REQUEST_BODY_BYTES_MAX) {
        req.removeAllListeners('data').resume();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    req.once('error', () => reject(new BadRequestError('BODY_CUT_SHORT', 'The body did not arrive whole.')));
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new BadRequestError('MALFORMED_JSON', 'The body is not well-formed JSON in UTF-8.');
  }
}

/**
 * The request's JSON object; empty when there is no body.
 *
 * @throws TooLargeError, UnsupportedError or BadRequestError saying what is wrong with the body.
 */
export async function readJsonObject(req: HttpRequest): Promise<Given> {
  if (!hasBody(req)) return {};
  if (!JSON_TYPE.test(req.headers['content-type'] ?? '') || req.headers['content-encoding'] !== undefined) {
    throw new UnsupportedError('NOT_JSON', 'Send the body as application/json, not compressed.');
  }
  if (Number(req.headers['content-length'] ?? 0) > REQUEST_BODY_BYTES_MAX) throw tooLarge();
  const value = parse(await readBytes(req));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequestError('NOT_AN_OBJECT', 'The body must be a JSON object.');
  }
  return value as Given;
}
