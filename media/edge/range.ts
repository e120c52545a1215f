/** Range requests (RFC 9110, 14): one range of bytes, from the start or from the end. */
import { AntiphonError } from '../../kit/errors.ts';

export interface ByteSpan {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export class RangeNotSatisfiableError extends AntiphonError {
  readonly status = 416;
}

/**
 * The span asked for, or undefined for the whole: what is no range of bytes is ignored, as the RFC says.
 * @throws RangeNotSatisfiableError `RANGE_NOT_SATISFIABLE`, `MULTIPLE_RANGES`
 */
export function spanOf(range: string | undefined, bytes: number): ByteSpan | undefined {
  if (range === undefined || !range.startsWith('bytes=')) return undefined;
  if (range.includes(',')) {
    throw new RangeNotSatisfiableError('MULTIPLE_RANGES', 'Ask for one range at a time.');
  }
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(range) ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return satisfiable(Math.max(0, bytes - Number(last)), bytes, bytes);
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return satisfiable(Number(first), last === '' ? bytes : Math.min(bytes, Number(last) + 1), bytes);
}

function satisfiable(start: number, end: number, bytes: number): ByteSpan {
  if (start < end) return { start, end };
  throw new RangeNotSatisfiableError(
    'RANGE_NOT_SATISFIABLE',
    `The file has ${bytes} bytes; ask within them.`,
  );
}
