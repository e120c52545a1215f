/** What lies beside a song: its words in an .lrc file of the same name, a cover for the whole folder. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { COVER_BYTES_MAX, LYRICS_FILE_BYTES_MAX } from '../../config/limits.ts';
import type { SongLyrics } from './description.ts';
import { decodeText, parseLyrics } from './lyrics.ts';

interface FoundFile {
  readonly path: string;
  readonly state: string;
}

export interface Beside {
  readonly lyrics?: FoundFile;
  readonly cover?: FoundFile;
}

export const COVER_NAME = /^(cover|folder|front|album)\.(jpe?g|png|webp)$/i;
/** What lies beside music and is none: words, images, lists, notes, checksums. */
const COMPANION_NAME =
  /\.(lrc|jpe?g|png|webp|gif|bmp|tiff?|svg|avif|heic|psd|txt|nfo|md|rtf|pdf|docx?|html?|url|css|xml|json|cue|toc|m3u8?|pls|xspf|wpl|log|accurip|ffp|md5|sha1|sha256|sfv|par2|torrent|ini|db|bak|tmp|part|partial|crdownload|download)$/i;

export const isCompanion = (name: string): boolean => COMPANION_NAME.test(name);

export async function filesBeside(path: string): Promise<Beside> {
  const folder = dirname(path);
  const lyrics = await plainFile(
    `${path.slice(0, -extname(path).length || undefined)}.lrc`,
    LYRICS_FILE_BYTES_MAX,
  );
  const coverName = (await readdir(folder)).filter((name) => COVER_NAME.test(name)).sort()[0];
  const cover =
    coverName === undefined ? undefined : await plainFile(join(folder, coverName), COVER_BYTES_MAX);
  return { ...(lyrics && { lyrics }), ...(cover && { cover }) };
}

export const readLyrics = async ({ path }: FoundFile): Promise<SongLyrics | undefined> =>
  parseLyrics(decodeText(await readFile(path)));

/** Size and time of change, which tell a file's state without reading it. */
export const stateOf = (stat: { size: number; mtimeMs: number }): string => `${stat.size}@${stat.mtimeMs}`;

/** Links are not followed, here as everywhere: they could name any file of the machine. */
async function plainFile(path: string, bytesMax: number): Promise<FoundFile | undefined> {
  try {
    const stat = await lstat(path);
    return stat.isFile() && stat.size <= bytesMax ? { path, state: stateOf(stat) } : undefined;
  } catch (error) {
    // A song's name may be so long that no other name beside it can be made of it.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}
