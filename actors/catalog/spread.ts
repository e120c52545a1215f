/**
 * Brings songs in step with corrections, a bounded number at a time, so that a correction of thousands holds
 * nobody up. It can be cut short anywhere and done again: songs that are as they should be cost a look.
 */
import { isDeepStrictEqual } from 'node:util';
import { CORRECTION_SONGS_AT_ONCE } from '../../config/limits.ts';
import { breathe } from '../../kit/breathe.ts';
import { CorrectionBook } from './book.ts';
import { correctedEvent } from './domain.ts';
import type { Recorder } from './recorder.ts';
import type { CatalogTables, TargetEffect } from './tables.ts';

export interface Spread {
  /** These songs, as corrections are now. */
  songs(songIds: readonly string[]): Promise<void>;
  /** All songs that effects concern, until `isEnough` of them have been looked at; whether that was all. */
  effects(effects: readonly TargetEffect[], isEnough?: (songs: number) => boolean): Promise<boolean>;
}

export function createSpread(tables: CatalogTables, recorder: Pick<Recorder, 'record' | 'settle'>): Spread {
  const { albumSongs, artistAlbums, correctionHead } = tables;

  async function songs(songIds: readonly string[]): Promise<void> {
    if (!(await correctionHead.get('all', []))) return;
    const before = await recorder.record(songIds, async (found) => {
      const known = found.flatMap(({ row }) => row ?? []);
      const shown = await new CorrectionBook(tables).shown(known.map(({ release }) => release));
      const byId = new Map(known.map(({ release }, i) => [release.songId, shown[i]] as const));
      return found.map(({ songId, row }) => {
        const now = byId.get(songId);
        return !row || isDeepStrictEqual(row.shown, now) ? undefined : correctedEvent(row, now);
      });
    });
    // Whoever was first with a song may still be at it.
    await recorder.settle(before.flatMap((row) => row ?? []));
  }

  async function* idsIn(
    table: typeof albumSongs | typeof artistAlbums,
    partition: string,
  ): AsyncGenerator<string[]> {
    let cursor: string | undefined;
    do {
      const page = await table.scan(partition, {
        limit: CORRECTION_SONGS_AT_ONCE,
        ...(cursor && { cursor }),
      });
      if (page.rows.length > 0) yield page.rows.map(({ ck }) => ck.at(-1) as string);
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** Albums and artists are asked by their names before and after; a song is on the shelves of one of them. */
  async function* concerned(effects: readonly TargetEffect[]): AsyncGenerator<string[]> {
    const book = new CorrectionBook(tables);
    const named = { song: new Set<string>(), album: new Set<string>(), artist: new Set<string>() };
    const add = async (kind: 'album' | 'artist', id: string) => {
      named[kind].add(id);
      named[kind].add(await book.root(kind, id));
    };
    for (const { target, effect } of effects) {
      const [kind = '', id = ''] = target.split('/');
      if (kind === 'song') named.song.add(id);
      else await add(kind as 'album' | 'artist', id);
      if (effect.kind === 'albumMerged') await add('album', effect.into);
      if (effect.kind === 'artistMerged') await add('artist', effect.into.artistId);
    }
    const songIds = [...named.song];
    for (let at = 0; at < songIds.length; at += CORRECTION_SONGS_AT_ONCE) {
      yield songIds.slice(at, at + CORRECTION_SONGS_AT_ONCE);
    }
    for (const albumId of named.album) yield* idsIn(albumSongs, albumId);
    for (const artistId of named.artist) {
      for await (const albumIds of idsIn(artistAlbums, artistId)) {
        for (const albumId of albumIds) if (!named.album.has(albumId)) yield* idsIn(albumSongs, albumId);
      }
    }
  }

  return {
    songs,
    async effects(effects, isEnough = () => false) {
      let looked = 0;
      for await (const songIds of concerned(effects)) {
        if (isEnough(looked)) return false;
        await songs(songIds);
        looked += songIds.length;
        await breathe();
      }
      return true;
    },
  };
}
