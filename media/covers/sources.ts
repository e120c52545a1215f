/** Where the image of a cover can be read, remembered while indexing and looked up when it is first asked for. */
import { createHash } from 'node:crypto';
import { COVER_SOURCES_PER_SCAN, COVER_SOURCES_REMEMBERED } from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { base62 } from '../../kit/sources.ts';
import { coverSourceTable } from './tables.ts';

export type CoverSource =
  /** The image is the file. */
  | { readonly s: 'file'; readonly path: string }
  /** The image lies in the tags of a sound file. */
  | { readonly s: 'embedded'; readonly path: string; readonly format: SoundFormat };

export type SoundFormat = 'flac' | 'mp3' | 'ogg' | 'opus' | 'm4a' | 'wav' | 'aiff';

export interface CoverSources {
  /** May be repeated. A cover has as many sources as files hold its image. */
  remember(coverId: string, source: CoverSource): Promise<void>;
  /** All that are remembered of a cover. */
  of(coverId: string): AsyncIterable<CoverSource>;
  /** The file is gone, or holds another image now. */
  forget(coverId: string, source: CoverSource): Promise<void>;
}

/** A path can be longer than a key. */
const keyOf = ({ path }: CoverSource): [string] => [base62(createHash('sha256').update(path).digest())];

export function createCoverSources(tables: Tables): CoverSources {
  const rows = tables.open(coverSourceTable);
  // The songs of a folder share its cover file: one write is enough.
  const written = new BoundedMap<string, true>(COVER_SOURCES_REMEMBERED);
  return {
    async remember(coverId, source) {
      const key = keyOf(source);
      const name = `${coverId} ${key} ${source.s}`;
      if (written.get(name)) return;
      await rows.put(coverId, key, source);
      written.set(name, true);
    },
    async *of(coverId) {
      let cursor: string | undefined;
      do {
        const page = await rows.scan(coverId, { limit: COVER_SOURCES_PER_SCAN, ...(cursor && { cursor }) });
        for (const { row } of page.rows) yield row;
        cursor = page.cursor;
      } while (cursor !== undefined);
    },
    async forget(coverId, source) {
      const key = keyOf(source);
      written.delete(`${coverId} ${key} ${source.s}`);
      await rows.delete(coverId, key);
    },
  };
}
