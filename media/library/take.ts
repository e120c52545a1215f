/** One file, read once: what it is, what it says, and what lies beside it. */
import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { COVER_BYTES_MAX, LYRICS_FILE_BYTES_MAX } from '../../config/limits.ts';
import { coverIdOf } from '../covers/cover-id.ts';
import type { CoverSource } from '../covers/sources.ts';
import { describe, frontCover } from '../files/describe/describe.ts';
import type { SongDescription } from '../files/description.ts';
import { decodeText, parseLyrics } from '../files/lyrics.ts';
import { readMusic } from '../files/read-file.ts';
import { RefusedError } from '../files/refusal.ts';
import type { FoundFile } from '../files/walk.ts';
import type { SongFile } from './song-file.ts';

export interface Taken {
  readonly file: SongFile;
  readonly identity: string;
  readonly description: SongDescription;
  /** Nobody is tagged as the album's artist. */
  readonly isLoose: boolean;
  readonly cover?: { readonly coverId: string; readonly source: CoverSource };
}

/** Grows when files should be read again, whatever has been known of them. */
const READ_VERSION = 1;

export interface State {
  /** The same as long as nothing has changed that a song is made of. */
  readonly text: string;
  readonly changedAtMs: number;
}

/** Looks at a folder's files one after the other: the cover beside them is looked at once. */
export class FileStates {
  #cover = { path: '', state: '', coverId: undefined as string | undefined };

  /** @throws what the file system says */
  of({ path, lyrics, cover }: FoundFile): State {
    const stat = lstatSync(path);
    const words = lyrics === undefined ? '' : stateOf(join(dirname(path), lyrics));
    const image = cover === undefined ? '' : this.#coverAt(join(dirname(path), cover)).state;
    return {
      text: `${READ_VERSION}|${textOf(stat)}|${words}|${image}`,
      changedAtMs: Math.max(stat.mtimeMs, stat.ctimeMs),
    };
  }

  /** Of the image beside a file; undefined when there is none that can be read. */
  coverId({ path, cover }: FoundFile): { coverId: string; path: string } | undefined {
    if (cover === undefined) return undefined;
    const seen = this.#coverAt(join(dirname(path), cover));
    if (seen.state === '') return undefined;
    seen.coverId ??= imageIdAt(seen.path);
    return seen.coverId === '' ? undefined : { coverId: seen.coverId, path: seen.path };
  }

  #coverAt(path: string) {
    if (this.#cover.path !== path) this.#cover = { path, state: stateOf(path), coverId: undefined };
    return this.#cover;
  }
}

/** `''` for what is no plain file: links and pipes are not followed, here as everywhere. */
function stateOf(path: string): string {
  try {
    const stat = lstatSync(path);
    return stat.isFile() ? textOf(stat) : '';
  } catch {
    return '';
  }
}

/** The time of the last change of the inode tells also of a tool that sets back the time of the file. */
const textOf = ({ size, mtimeMs, ctimeMs }: Stats): string => `${size}@${mtimeMs}@${ctimeMs}`;

function imageIdAt(path: string): string {
  const bytes = plainFile(path, COVER_BYTES_MAX);
  return bytes && isImage(bytes) ? coverIdOf(bytes) : '';
}

/** By its first bytes: JPEG, PNG, GIF or WebP. What is none is no cover, and nobody need try to decode it. */
function isImage(bytes: Buffer): boolean {
  const head = bytes.toString('latin1', 0, 12);
  return /^(\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP)/s.test(head);
}

function plainFile(path: string, bytesMax: number): Buffer | undefined {
  try {
    const stat = lstatSync(path);
    return stat.isFile() && stat.size <= bytesMax ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws RefusedError */
export function take(found: FoundFile, states: FileStates): Taken {
  try {
    return readMusic(found.path, ({ facts, tags }) => {
      const { identity, ...sound } = facts;
      const { description, isLoose } = describe(found.path, tags);
      const embedded = frontCover(tags)?.read();
      const lyrics = lyricsBeside(found);
      const cover = coverOf(found, embedded, facts.format, states);
      return {
        file: { ...sound, path: found.path },
        identity,
        description: { ...description, ...(lyrics && { lyrics }) },
        isLoose,
        ...(cover && { cover }),
      };
    });
  } catch (error) {
    throw asRefusal(error);
  }
}

function coverOf(
  found: FoundFile,
  embedded: Buffer | undefined,
  format: SongFile['format'],
  states: FileStates,
): Taken['cover'] {
  if (embedded && isImage(embedded)) {
    return { coverId: coverIdOf(embedded), source: { s: 'embedded', path: found.path, format } };
  }
  const beside = states.coverId(found);
  return beside && { coverId: beside.coverId, source: { s: 'file', path: beside.path } };
}

function lyricsBeside({ path, lyrics }: FoundFile) {
  const bytes =
    lyrics === undefined ? undefined : plainFile(join(dirname(path), lyrics), LYRICS_FILE_BYTES_MAX);
  return bytes && parseLyrics(decodeText(bytes));
}

/** Whatever a file's owner has made of it stops only that file. */
export function asRefusal(error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno === 'ENXIO' || errno === 'ELOOP') return new RefusedError('NOT_A_FILE');
  return errno === undefined ? new RefusedError('DAMAGED') : new RefusedError('UNREADABLE', errno);
}
