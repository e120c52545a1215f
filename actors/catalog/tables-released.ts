/**
 * Tables of version 1 of the catalogue's rows. Nothing reads or writes them any more; they are declared because a
 * released version of the schema stays as it is.
 */
import { table } from '../../kit/ports/tables.ts';

type Row = Readonly<Record<string, unknown>>;

const songs = table<[], Row>({
  name: 'catalog_song',
  partition: 'song_id',
  clustering: [],
  conditional: true,
});
const albums = table<[], Row>({
  name: 'catalog_album',
  partition: 'album_id',
  clustering: [],
  conditional: true,
});
const albumSongs = table<[string], Row>({
  name: 'catalog_album_song',
  partition: 'album_id',
  clustering: [['song_id', 'text']],
});
const artists = table<[], Row>({
  name: 'catalog_artist',
  partition: 'artist_id',
  clustering: [],
  conditional: true,
});
const lists = table<[string, string], Row>({
  name: 'catalog_list',
  partition: 'list_bucket',
  clustering: [
    ['sort', 'text'],
    ['id', 'text'],
  ],
});
const listBuckets = table<[string], Row>({
  name: 'catalog_list_bucket',
  partition: 'list',
  clustering: [['bucket', 'text']],
});
const shares = table<[], Row>({ name: 'catalog_share', partition: 'key', clustering: [], conditional: true });
const totals = table<[], Row>({
  name: 'catalog_totals',
  partition: 'scope',
  clustering: [],
  conditional: true,
});

export const CATALOG_TABLES_1 = {
  ...{ songs, albums, albumSongs, artists },
  ...{ lists, listBuckets, shares, totals },
};
