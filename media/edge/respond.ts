/** Writes media to a response: conditional requests, ranges, and the headers that players and caches need. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Body, FileBody } from './library.ts';
import { type ByteSpan, RangeNotSatisfiableError, spanOf } from './range.ts';

export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** What stands in for something better. */
export const PASSING = 'public, max-age=3600';
export const PRIVATE = 'private, max-age=60';
export const NO_STORE = 'no-store';

/** Players on other origins read these; a media URL carries its own permission, so any origin may. */
export const OPEN_TO_ALL: readonly (readonly [string, string])[] = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Expose-Headers', 'Accept-Ranges, Content-Length, Content-Range, ETag'],
  ['Cross-Origin-Resource-Policy', 'cross-origin'],
  ['Timing-Allow-Origin', '*'],
];
const OPEN_TO_ALL_FLAT = OPEN_TO_ALL.flat();

export interface Shape {
  readonly type: string;
  readonly cacheControl: string;
}

/** Bytes put on the wire, so that what was only asked about is not taken for served. */
export function sendBody(req: IncomingMessage, res: ServerResponse, body: Body, shape: Shape): number {
  const span = begin(req, res, body.bytes.length, body.etag, shape);
  if (!span) {
    res.end();
    return 0;
  }
  const whole = span.start === 0 && span.end === body.bytes.length;
  res.end(whole ? body.bytes : body.bytes.subarray(span.start, span.end));
  return span.end - span.start;
}

/** One piece at a time, and none while the client's connection is full. */
export async function sendFile(
  req: IncomingMessage,
  res: ServerResponse,
  file: FileBody,
  shape: Shape,
  onSegment: (segment: number) => void,
): Promise<number> {
  const span = begin(req, res, file.bytes, file.etag, shape);
  let sent = 0;
  if (span) {
    for await (const { bytes, segment } of file.pieces(span.start, span.end)) {
      if (res.destroyed) return sent;
      const more = res.write(bytes);
      sent += bytes.length;
      if (segment !== undefined) onSegment(segment);
      if (!more) await drainedOrClosed(res);
    }
  }
  res.end();
  return sent;
}

/** Sends the head of the answer. Undefined: it has no body. */
function begin(
  req: IncomingMessage,
  res: ServerResponse,
  bytes: number,
  etag: string,
  { type, cacheControl }: Shape,
): ByteSpan | undefined {
  const headers = [...OPEN_TO_ALL_FLAT, 'ETag', etag, 'Cache-Control', cacheControl];
  const { range, 'if-none-match': known, 'if-range': unchanged } = req.headers;
  if (known !== undefined && matches(known, etag)) {
    res.writeHead(304, headers);
    return undefined;
  }
  headers.push('Content-Type', type, 'Accept-Ranges', 'bytes');
  let span: ByteSpan | undefined;
  if (range !== undefined && (unchanged === undefined || unchanged === etag)) {
    try {
      span = spanOf(range, bytes);
    } catch (error) {
      if (error instanceof RangeNotSatisfiableError) res.setHeader('Content-Range', `bytes */${bytes}`);
      throw error;
    }
  }
  if (span) headers.push('Content-Range', `bytes ${span.start}-${span.end - 1}/${bytes}`);
  const { start, end } = span ?? { start: 0, end: bytes };
  headers.push('Content-Length', String(end - start));
  res.writeHead(span ? 206 : 200, headers);
  return req.method === 'HEAD' ? undefined : { start, end };
}

/** If-None-Match compares weakly (RFC 9110, 13.1.2). */
const matches = (known: string, etag: string): boolean =>
  known === etag || known === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);

function drainedOrClosed(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done);
      res.off('close', done);
      resolve();
    };
    res.on('drain', done);
    res.on('close', done);
    if (res.destroyed) done();
  });
}
