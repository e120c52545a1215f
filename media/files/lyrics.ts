/** Lyrics as people keep them: LRC files, with or without times. */
import { HOUR_MS, LYRICS_BYTES_MAX, LYRICS_LINE_CHARS_MAX, LYRICS_LINES_MAX } from '../../config/limits.ts';
import type { SongLyrics } from './description.ts';

const STAMP = /^\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]/;
const TAG = /^\[([a-z#]+):(.*)\]$/i;
/** Enhanced LRC times each word; lines are enough here. */
const WORD_STAMP = /<\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?>/g;
const OFFSET_MS_MAX = HOUR_MS;
/** The catalogue counts the song's id, the language and the like as well. */
const LINES_BYTES_MAX = LYRICS_BYTES_MAX - 1024;

interface Line {
  readonly atMs?: number;
  readonly text: string;
}

/** Undefined when there is not a word in it. */
export function parseLyrics(source: string): SongLyrics | undefined {
  const timed: { atMs: number; text: string }[] = [];
  const plain: Line[] = [];
  const tags = new Map<string, string>();
  for (const line of source.split(/\r\n|\r|\n/)) {
    const { stamps, rest } = stampsOf(line.trim());
    const text = clean(rest.replace(WORD_STAMP, ''));
    const tag = TAG.exec(rest);
    if (stamps.length > 0) timed.push(...stamps.map((atMs) => ({ atMs, text })));
    else if (tag?.[1]) tags.set(tag[1].toLowerCase(), (tag[2] ?? '').trim());
    else plain.push({ text });
  }
  // A positive offset makes the words come earlier.
  const said = Number(tags.get('offset') ?? 0);
  const offsetMs = Math.abs(said) <= OFFSET_MS_MAX ? said : 0;
  const lines: readonly Line[] =
    timed.length > 0
      ? timed
          .map(({ atMs, text }) => ({ atMs: Math.max(0, Math.round(atMs - offsetMs)), text }))
          .sort((a, b) => a.atMs - b.atMs)
      : trimBlank(plain);
  if (!lines.some((line) => line.text !== '')) return undefined;
  const language = /^(?=.{2,35}$)[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.exec(tags.get('la') ?? '')?.[0];
  return {
    synced: timed.length > 0,
    ...(language && { language }),
    lines: withinBounds(lines),
  };
}

/** The catalogue would refuse the song for the rest. */
function withinBounds(lines: readonly Line[]): Line[] {
  const kept: Line[] = [];
  let bytes = 0;
  for (const line of lines.slice(0, LYRICS_LINES_MAX)) {
    bytes += Buffer.byteLength(JSON.stringify(line)) + 1;
    if (bytes > LINES_BYTES_MAX) break;
    kept.push(line);
  }
  return kept;
}

/** Text of a file whose encoding nobody wrote down. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** One line may carry several times: a refrain is often written once. */
function stampsOf(line: string): { stamps: number[]; rest: string } {
  const stamps: number[] = [];
  let rest = line;
  for (let match = STAMP.exec(rest); match; match = STAMP.exec(rest)) {
    const fraction = Number(`0.${match[3] ?? '0'}`);
    stamps.push(Math.round((Number(match[1]) * 60 + Number(match[2]) + fraction) * 1000));
    rest = rest.slice(match[0].length).trimStart();
  }
  return { stamps, rest };
}

function trimBlank(lines: readonly Line[]): Line[] {
  const isWord = (line: Line): boolean => line.text !== '';
  return lines.slice(Math.max(0, lines.findIndex(isWord)), lines.findLastIndex(isWord) + 1);
}

const clean = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, LYRICS_LINE_CHARS_MAX)
    .toWellFormed();
