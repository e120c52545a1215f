/** What of a journal record may be shown, and how much of a journal fits into one answer. */
import type { JournalRecord } from '../../kit/ports/journal.ts';
import type { RecordShown } from './contract.ts';

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

/** The newest of `records` (oldest first) that together take at most `bytesMax`, but at least the newest one. */
export function newestWithin(records: readonly JournalRecord[], bytesMax: number): RecordShown[] {
  const shown: RecordShown[] = [];
  let bytes = 0;
  for (const { seq, atMs, data } of records.toReversed()) {
    const record = { seq, atMs, data: withoutSecrets(data) };
    bytes += Buffer.byteLength(JSON.stringify(record));
    if (bytes > bytesMax && shown.length > 0) break;
    shown.push(record);
  }
  return shown.reverse();
}
