// Goal: what an earlier version has journaled is all there once this one serves (C44). Method: the journal as that
// version wrote it, on the embedded engines, and no rows that this version could read.
import t from 'tap';
import { UnavailableError } from '../../kit/errors.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { type Engines, enginesOf, heard } from '../../test/doubles/engines.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { type Catalog, createCatalog } from './actor.ts';
import { CATALOG_STREAM, CATALOG_TOPIC } from './contract.ts';
import { CATALOG_CONSUMER } from './prepared.ts';

/** More than a consumer takes at once. */
const SONGS = 600;
const nameOf = (n: number): string => `song${n}`;

/** As version 1 journaled it: albums had colours, albums of a row were all an artist's own. */
async function journalOfVersion1({ journal }: Pick<Engines, 'journal'>): Promise<void> {
  for (let n = 0; n < SONGS; n++) {
    const { album, ...song } = release(nameOf(n), { genres: [n < 2 ? 'Folk' : 'Ambient'] }, `album${n % 10}`);
    const { songId } = song;
    const data = {
      type: 'songReleased',
      songId,
      albumId: album.albumId,
      artistIds: [idOf('artist')],
      release: { ...song, album: { ...album, colors: ['#102030', '#ffffff'], year: 1994 } },
    };
    await journal.append(CATALOG_STREAM, `catalog.${songId}`, data);
  }
  const songId = idOf(nameOf(0));
  const gone = { type: 'songRemoved', songId, albumId: idOf('album0'), artistIds: [idOf('artist')] };
  await journal.append(CATALOG_STREAM, `catalog.${songId}`, gone);
}

type Tap = Pick<typeof t, 'same' | 'match' | 'equal' | 'notOk'>;

async function assertWhole(t: Tap, catalog: Catalog): Promise<void> {
  const { counts, albums, album, artist, genres, song, release: send } = catalog.handlers;
  t.same(await counts({}), { songs: SONGS - 1, albums: 10, artists: 1 });
  t.same((await genres({})).items, [
    { name: 'Ambient', songCount: SONGS - 2, albumCount: 10 },
    { name: 'Folk', songCount: 1, albumCount: 1 },
  ]);
  const { items } = await albums({ limit: 50 });
  t.equal(items.length, 10);
  t.notOk(
    items.some((view) => 'colors' in view),
    'what is no part of an album any more is left behind',
  );
  t.equal((await album({ albumId: idOf('album1') })).songs.length, SONGS / 10);
  t.match(await artist({ artistId: idOf('artist') }), {
    albumCount: 10,
    appearsOnCount: 0,
    songCount: SONGS - 1,
  });
  t.equal((await song({ songId: idOf(nameOf(0)) })).unavailable, 'REMOVED');
  t.same(await send(release(nameOf(0))), { songId: idOf(nameOf(0)), created: true });
}
t.test('C44: the first start makes everything from the journal, and tells nobody of it', async (t) => {
  const engines = await enginesOf(t);
  await journalOfVersion1(engines);
  const news = await heard(engines.topics, CATALOG_TOPIC);
  await using catalog = createCatalog(engines);
  await catalog.start();
  await assertWhole(t, catalog);
  await catalog.caughtUp();
  t.equal(news.length, 1, 'what was released afterwards is news');
});

t.test('C44: a start that is cut short goes on where it was', async (t) => {
  const engines = await enginesOf(t);
  await journalOfVersion1(engines);
  let writes = 0;
  const dying: Tables = {
    open(spec) {
      const table = engines.tables.open(spec);
      if (spec.name !== 'catalog_song_2') return table;
      return {
        ...table,
        async insertIfAbsent(...args) {
          if (++writes > SONGS / 2) throw new UnavailableError('DEAD', 'This process is dead.');
          return table.insertIfAbsent(...args);
        },
      };
    },
  };
  const first = createCatalog({ ...engines, tables: dying });
  const starting = t.rejects(first.start(), { code: 'CONSUMER_CLOSED' });
  while (writes <= SONGS / 2) await new Promise(setImmediate);
  await first[Symbol.asyncDispose]();
  await starting;

  let taken = 0;
  const journal: Journal = {
    ...engines.journal,
    consume: (options) =>
      engines.journal.consume({
        ...options,
        async handle(records) {
          if (options.consumer === CATALOG_CONSUMER) taken += records.length;
          await options.handle(records);
        },
      }),
  };
  await using second = createCatalog({ ...engines, journal });
  await second.start();
  t.ok(taken > 0 && taken < SONGS, `${taken} records were left`);
  await assertWhole(t, second);
});

t.test('C44: two that start at once make it together', async (t) => {
  const engines = await enginesOf(t);
  await journalOfVersion1(engines);
  await using one = createCatalog(engines);
  await using other = createCatalog(engines);
  await Promise.all([one.start(), other.start()]);
  await assertWhole(t, other);
});

t.test('C44: later starts wait for nothing', async (t) => {
  const engines = await enginesOf(t);
  await using catalog = createCatalog(engines);
  await catalog.start();
  const journal: Journal = {
    ...engines.journal,
    consume: async () => ({
      caughtUp: () => new Promise(() => {}),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
  await using again = createCatalog({ ...engines, journal });
  await t.resolves(again.start());
});
