/** What of a journal record may be shown, and how much of a journal fits into one answer. */
import type { JournalRecord, ParkedRecord } from '../../kit/ports/journal.ts';
import type { ParkedShown, RecordShown } from './contract.ts';

const HIDDEN = '[hidden]';
const SECRET_NAME = /token|secret|passw|credential|authorization|cookie|(setup|reset)code/i;
/** A JWT, or a path signed for one listener. */
const SECRET_TEXT = /\beyJ[\w-]+\.[\w-]+\.[\w-]+|\/m\/[\w.-]+\//;

/** A copy of plain JSON in which whatever would let its reader act as somebody else is hidden. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return SECRET_TEXT.test(value) ? HIDDEN : value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  const shown = Object.entries(value).map(([name, inner]) => [
    name,
    SECRET_NAME.test(name) ? HIDDEN : withoutSecrets(inner),
  ]);
  return Object.fromEntries(shown);
}

/** The first of `items` that together take at most `bytesMax`, but at least one. */
function firstWithin<T>(items: Iterable<T>, bytesMax: number): T[] {
  const shown: T[] = [];
  let bytes = 0;
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(item));
    if (bytes > bytesMax && shown.length > 0) break;
    shown.push(item);
  }
  return shown;
}

/** The newest of `records` (oldest first) that together take at most `bytesMax`, but at least the newest one. */
export function newestWithin(records: readonly JournalRecord[], bytesMax: number): RecordShown[] {
  const newestFirst = records.toReversed().map(({ seq, atMs, data }) => ({
    seq,
    atMs,
    data: withoutSecrets(data),
  }));
  return firstWithin(newestFirst, bytesMax).reverse();
}

/** The oldest of `records` (oldest first) that together take at most `bytesMax`, but at least the first. */
export function parkedWithin(records: readonly ParkedRecord[], bytesMax: number): ParkedShown[] {
  const safe = records.map((record) => ({ ...record, data: withoutSecrets(record.data) }));
  return firstWithin(safe, bytesMax);
}
