/** Steps 1 and 2: what a file really is, and the identity of its sound. */
import { readFile } from 'node:fs/promises';
import { type Beside, readLyrics } from '../files/beside.ts';
import { describe, frontCover } from '../files/describe/describe.ts';
import type { SongDescription } from '../files/description.ts';
import { type MusicFacts, readMusic } from '../files/read-file.ts';

export interface Probed extends MusicFacts {
  readonly path: string;
}

/** @throws RefusedError; what the file system says */
export const probe = (path: string): Probed => readMusic(path, ({ facts }) => ({ ...facts, path }));

/** What its tags and the files beside it say. */
export async function describeFile(path: string, beside: Beside): Promise<SongDescription> {
  const description = readMusic(path, ({ tags }) => {
    const cover = frontCover(tags)?.read();
    return { ...describe(path, tags).description, ...(cover && { cover: Buffer.from(cover) }) };
  });
  const lyrics = beside.lyrics && (await readLyrics(beside.lyrics));
  const cover = description.cover ?? (beside.cover && (await readFile(beside.cover.path)));
  return { ...description, ...(lyrics && { lyrics }), ...(cover && { cover }) };
}
