/** What the REPL's commands print: plain text, a fact a line, so that both people and scripts can read it. */
import type { Profile } from '../../actors/accounts/contract.ts';
import type { ParkedShown, RecordShown, SessionShown } from '../../actors/operator/contract.ts';

const LIST_SHOWN_MAX = 5;
const TIME_NAME = /(AtMs|SinceMs|OfMs|untilMs)$/;

type Row = readonly string[];

/** Columns as wide as their widest cell. */
function table(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const isoTime = (atMs: number): string => new Date(atMs).toISOString();
const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;

/** Plain JSON as rows of path and value; of a list the first few entries and how many there are. */
function rowsOf(value: unknown, path: string): Row[] {
  if (Array.isArray(value)) {
    const shown = value.slice(0, LIST_SHOWN_MAX);
    const left = value.length - shown.length;
    const more = left > 0 ? ` … ${left} more` : '';
    if (shown.every(isPlain)) {
      return [[path, value.length === 0 ? 'none' : `${value.length}: ${shown.join(', ')}${more}`]];
    }
    const rows = shown.flatMap((entry, i) => rowsOf(entry, `${path}.${i}`));
    return left > 0 ? [...rows, [path, more.trim()]] : rows;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => rowsOf(inner, path ? `${path}.${name}` : name));
  }
  const isTime = typeof value === 'number' && value > 0 && TIME_NAME.test(path);
  return [[path, isTime ? `${value}  ${isoTime(value)}` : String(value)]];
}

export function sessionText({ username, userId }: Profile, shown: SessionShown): string {
  const { node, resident, waiting, usedAtMs, seq, state } = shown;
  return table([
    ['user', `${username}  ${userId}`],
    ['node', node],
    ['resident', resident ? 'yes' : 'no'],
    ...(usedAtMs === undefined ? [] : [['used', isoTime(usedAtMs)]]),
    ['waiting', String(waiting)],
    ['seq', String(seq)],
    ...rowsOf(state, ''),
  ]);
}

export function journalText(subject: string, records: readonly RecordShown[], more: boolean): string {
  if (records.length === 0) return `Nothing is journaled under ${subject}.`;
  return [
    ...(more ? [`… older records of ${subject} are left out (--last N shows more)`] : []),
    ...records.map(({ seq, atMs, data }) => `#${seq}  ${isoTime(atMs)}  ${JSON.stringify(data, null, 2)}`),
  ].join('\n');
}

export function usersText(users: readonly Profile[], more: boolean): string {
  if (users.length === 0) return 'No user is called so.';
  const rows = users.map(({ username, userId, tier, roles, createdAtMs }) => [
    username,
    userId,
    tier,
    roles.join(','),
    isoTime(createdAtMs),
  ]);
  return (
    table([['username', 'userId', 'tier', 'roles', 'since'], ...rows]) +
    (more ? '\n… and more; give a longer PREFIX' : '')
  );
}

type ParkedKey = Pick<ParkedShown, 'stream' | 'consumer' | 'subject' | 'seq'>;

const parkedKeyText = ({ stream, consumer, subject, seq }: ParkedKey): string =>
  `${stream}/${consumer}/${subject}/${seq}`;

/** What `parked` prints as KEY, read back. */
export function parkedKeyOf(text: string): ParkedKey | undefined {
  const [, stream, consumer, subject, seq] = /^([^/]*)\/([^/]*)\/(.*)\/(\d+)$/.exec(text) ?? [];
  if (stream === undefined || consumer === undefined || subject === undefined) return undefined;
  return { stream, consumer, subject, seq: Number(seq) };
}

export function parkedText(records: readonly ParkedShown[], more: boolean): string {
  if (records.length === 0) return 'Nothing is parked.';
  return [
    ...records.map(
      (record) =>
        `${parkedKeyText(record)}  ${isoTime(record.parkedAtMs)}  ${record.error}\n${JSON.stringify(record.data, null, 2)}`,
    ),
    ...(more ? ['… and more; they show once these are gone'] : []),
  ].join('\n');
}
