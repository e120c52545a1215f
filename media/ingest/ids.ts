/** The stable ids of songs, artists and albums: whoever asks first makes them. */
import { createHash } from 'node:crypto';
import type { ArtistRef } from '../../actors/catalog/contract.ts';
import { INGEST_IDS_REMEMBERED } from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import type { IdSource } from '../../kit/sources.ts';
import type { ArtistName, SongDescription } from '../files/description.ts';
import { artistKey, normalName, spellingKey } from './spelling.ts';
import type { IdRow, IngestTables } from './tables.ts';

export const digestOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

type Key = readonly string[];

export interface CatalogIds {
  /** Of a sound. `known` is what it was called before it had this identity. */
  song(identity: string, known?: string): Promise<string>;
  artist(artist: ArtistName): Promise<ArtistRef>;
  album(album: SongDescription['album']): Promise<string>;
}

/** Ids by keys, remembered for as long as this lives: a folder's songs have the same few artists. */
export function createCatalogIds(tables: Pick<IngestTables, 'ids'>, ids: IdSource): CatalogIds {
  const remembered = new BoundedMap<string, Promise<IdRow>>(INGEST_IDS_REMEMBERED);

  function once(digest: string, find: () => Promise<IdRow>): Promise<IdRow> {
    const known = remembered.get(digest);
    if (known) return known;
    const found = find();
    remembered.set(digest, found);
    // What failed is asked again.
    found.catch(() => remembered.delete(digest));
    return found;
  }

  const rowOf = (key: Key): Promise<IdRow | undefined> => tables.ids.get(digestOf(...key), []);

  /** What stands under a key; else what `make` gives, unless somebody else is first. */
  const claim = (key: Key, make: () => IdRow | Promise<IdRow>): Promise<IdRow> =>
    once(digestOf(...key), async () => {
      const digest = digestOf(...key);
      for (;;) {
        const known = await tables.ids.get(digest, []);
        if (known) return known;
        const made = await make();
        const written = await tables.ids.insertIfAbsent(digest, [], made);
        if (written.s === 'applied') return made;
        if (written.s === 'rejected' && written.current) return written.current.row;
      }
    });

  /** Under its key as spelled today; what was given out under an earlier spelling stays. */
  const named = (key: Key, earlier: Key, name?: string): Promise<IdRow> =>
    claim(key, async () => ({
      id: (await rowOf(earlier))?.id ?? ids.next(),
      ...(name !== undefined && { name }),
    }));

  /**
   * Things of one name are told apart by their MusicBrainz ids: the first one that has an id takes the name,
   * together with what has none; each further one gets an id of its own.
   */
  const identified = (kind: string, mbid: string, key: Key, byName: () => Promise<IdRow>, name?: string) =>
    claim([`${kind}-mbid`, mbid], async () => {
      const owner = await claim([`${kind}-claim`, ...key], () => ({ id: mbid }));
      const row = owner.id === mbid ? await byName() : { id: ids.next() };
      return { id: row.id, ...(name !== undefined && { name: row.name ?? name }) };
    });

  return {
    async song(identity, known) {
      return (await claim(['audio', identity], () => ({ id: known ?? ids.next() }))).id;
    },
    async artist({ name, mbid, sortName }) {
      const key = ['artist', artistKey(name)];
      const byName = () => named(key, ['artist', normalName(name)], name);
      const row = await (mbid === undefined ? byName() : identified('artist', mbid, key, byName, name));
      return {
        artistId: row.id,
        name: row.name ?? name,
        ...(sortName !== undefined && { sortName }),
        ...(mbid !== undefined && { mbid }),
      };
    },
    async album({ title, artists, mbid }) {
      const key = ['album', spellingKey(title), ...artists.map(({ name }) => artistKey(name))];
      const earlier = ['album', normalName(title), ...artists.map(({ name }) => normalName(name))];
      const byName = () => named(key, earlier);
      return (await (mbid === undefined ? byName() : identified('album', mbid, key, byName))).id;
    },
  };
}
