// Goal: neither a rival nor a crash leaves albums, artists or lists that disagree with the songs. Method: two
// actors on the same engines, a gate at the worst moment, and a death at every write.
import t from 'tap';
import { bucketedList } from '../../kit/bucketed-list.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { enginesOf, openEngines } from '../../test/doubles/engines.ts';
import { answeringUnknown, CrashError, mortal, slowAt } from '../../test/doubles/faults.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { createCatalog } from './actor.ts';
import { CATALOG_STREAM, type CatalogEvent, type SongRelease } from './contract.ts';
import { ARTISTS, albumsBy, SONGS } from './order.ts';
import { catalogTables } from './tables.ts';
import { Totals } from './totals.ts';

const albumId = idOf('album');
const artistId = idOf('artist');

t.test('C12: songs of one album released at once by two processes all count', async (t) => {
  const engines = await enginesOf(t);
  const here = createCatalog(engines);
  const there = createCatalog(engines);
  await Promise.all(
    Array.from({ length: 24 }, (_, i) =>
      (i % 2 ? here : there).handlers.release(release(`s${i}`, { trackNumber: i + 1 })),
    ),
  );
  const [got] = (await here.handlers.uncached({ songIds: [], albumIds: [albumId], artistIds: [] })).albums;
  t.match(got, { songCount: 24, durationMs: 24 * 200_000 });
  const [aurora] = (await here.handlers.uncached({ songIds: [], albumIds: [], artistIds: [artistId] }))
    .artists;
  t.match(aurora, { songCount: 24, albumCount: 1 });
});

t.test('C12: an album written from fewer songs does not stay', async (t) => {
  const engines = await enginesOf(t);
  const [first, second] = [
    slowAt(engines.tables, 'catalog_album_2', 'insertIfAbsent'),
    slowAt(engines.tables, 'catalog_album_2', 'insertIfAbsent'),
  ];
  const one = createCatalog({ ...engines, tables: first.tables }).handlers.release(release('one'));
  await first.reached;
  const two = createCatalog({ ...engines, tables: second.tables }).handlers.release(release('two'));
  await second.reached;
  first.pass();
  await one;
  second.pass();
  await two;
  const [got] = (await createCatalog(engines).handlers.albumsById({ albumIds: [albumId] })).items;
  t.match(got, { songCount: 2, durationMs: 400_000 });
});

t.test('C12: a song moved away and back is in its album, however slow one mover is', async (t) => {
  const engines = await enginesOf(t);
  const quick = createCatalog(engines);
  await quick.handlers.release(release('one'));
  const slow = slowAt(engines.tables, 'catalog_album_song_2', 'delete');
  const away = createCatalog({ ...engines, tables: slow.tables }).handlers.release(
    release('one', {}, 'other'),
  );
  await slow.reached;
  await quick.handlers.release(release('one'));
  slow.pass();
  await away;
  const albumIds = [albumId, idOf('other')];
  const { albums } = await quick.handlers.uncached({ songIds: [], albumIds, artistIds: [] });
  t.strictSame(
    albums.map((album) => [album.albumId, album.songCount]),
    [[albumId, 1]],
  );
});

t.test('C14: a share that is written late is not counted again', async (t) => {
  const engines = await enginesOf(t);
  const { handlers } = createCatalog(engines);
  const counting = ({ tables }: { readonly tables: Tables }) => {
    const totals = new Totals(catalogTables(tables));
    return (...names: string[]) => totals.recount({ songIds: names.map(idOf), albumIds: [], artistIds: [] });
  };
  const slow = slowAt(engines.tables, 'catalog_share_2', 'put', 'insertIfAbsent', 'compareAndSet');
  await handlers.release(release('one', { genres: ['Rock'] }));
  const late = counting(slow)('one');
  await slow.reached;
  const count = counting(engines);
  await handlers.release(release('one', { genres: ['Folk'] }));
  await count('one');
  await handlers.release(release('two', { genres: ['Folk'] }));
  await count('two');
  slow.pass();
  await late;
  await handlers.release(release('one', { genres: ['Jazz'] }));
  await count('one');
  t.strictSame((await handlers.genres({})).items, [
    { name: 'Folk', songCount: 1, albumCount: 0 },
    { name: 'Jazz', songCount: 1, albumCount: 0 },
  ]);
});

t.test('C16: a row of a list that nothing agrees with is not shown', async (t) => {
  const engines = await enginesOf(t);
  const { handlers } = createCatalog(engines);
  await handlers.release(release('one'));
  const { list, listBuckets } = catalogTables(engines.tables);
  const lists = bucketedList({ rows: list, buckets: listBuckets });
  for (const name of [SONGS, ARTISTS, albumsBy('title')]) {
    for (const id of [idOf('one'), albumId, artistId, idOf('nobody')]) {
      await lists.put(name, { bucket: 'stray', sort: 'stray', id }, {});
    }
  }
  t.equal((await handlers.allSongs({})).items.length, 1);
  t.equal((await handlers.artists({})).items.length, 1);
  t.equal((await handlers.albums({ sort: 'title' })).items.length, 1);
});

t.test('C12, C14: a write that is not known to be done is done once', async (t) => {
  const story = [release('one', { genres: ['Rock'] }), release('one', { genres: ['Jazz'] }, 'other')];
  for (const fate of ['done', 'not done'] as const) {
    let writes = 0;
    for (let doubted = 1; doubted === 1 || doubted <= writes; doubted++) {
      writes = 0;
      await using engines = await openEngines();
      const tables = answeringUnknown(engines.tables, () => {
        writes += 1;
        return writes === doubted ? fate : undefined;
      });
      await using catalog = createCatalog({ ...engines, tables });
      await catalog.start();
      for (const song of story) {
        await catalog.handlers.release(song);
        await catalog.caughtUp();
      }
      const { handlers } = catalog;
      const titles = (await handlers.albums({ sort: 'title' })).items;
      t.strictSame(
        {
          counts: await handlers.counts({}),
          genres: (await handlers.genres({})).items.map(({ name, songCount }) => [name, songCount]),
          albums: titles.map(({ title, songCount }) => [title, songCount]),
        },
        {
          counts: { songs: 1, albums: 1, artists: 1 },
          genres: [['Jazz', 1]],
          albums: [['other', 1]],
        },
        `write ${doubted} is ${fate}`,
      );
    }
    t.ok(writes > 20, `every one of ${writes} writes was in doubt`);
  }
});

t.test('C1: one release sent to two nodes at once journals once', async (t) => {
  const engines = await enginesOf(t);
  const nodes = [createCatalog(engines), createCatalog(engines), createCatalog(engines)];
  const sent = await Promise.all(nodes.map(({ handlers }) => handlers.release(release('one'))));
  t.equal(sent.filter(({ created }) => created).length, 1);
  t.equal((await engines.journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length, 1);
  await Promise.all(nodes.map(({ handlers }) => handlers.remove({ songId: idOf('one') })));
  t.equal((await engines.journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length, 2);
});

t.test('C10: songs moved by two nodes at once say where from', async (t) => {
  const engines = await enginesOf(t);
  const nodes = [createCatalog(engines), createCatalog(engines)];
  await nodes[0]?.handlers.release(release('one'));
  await Promise.all(nodes.map(({ handlers }, i) => handlers.release(release('one', {}, `to${i}`))));
  const [, first, second] = (await engines.journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).map(
    ({ data }) => data as CatalogEvent,
  );
  t.equal(first?.previousAlbumId, albumId);
  t.equal(second?.previousAlbumId, first?.albumId);
});

t.test('C17: a copy that another node has read before a correction is not kept', async (t) => {
  const engines = await enginesOf(t);
  const here = createCatalog(engines);
  await here.handlers.release(release('one'));
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const tables: Tables = {
    open(spec) {
      const table = engines.tables.open(spec);
      if (spec.name !== 'catalog_song_2') return table;
      const getMany: typeof table.getMany = async (keys) => {
        const rows = await table.getMany(keys);
        reached.resolve();
        await gate.promise;
        return rows;
      };
      return { ...table, getMany };
    },
  };
  const there = createCatalog({ ...engines, tables });
  const slow = there.handlers.song({ songId: idOf('one') });
  await reached.promise;
  await here.handlers.release(release('one', { title: 'Uno' }));
  gate.resolve();
  await slow;
  for (const { handlers } of [here, there]) {
    t.equal((await handlers.song({ songId: idOf('one') })).title, 'Uno');
  }
});

t.test('C15: after a crash at any write, the next process ends where an unbroken one does', async (t) => {
  const story: SongRelease[] = [
    release('one', { genres: ['Rock'] }),
    release('two', { genres: ['Folk'], artists: [{ artistId: idOf('guest'), name: 'Guest' }] }),
    release('one', { title: 'Uno', genres: ['Jazz'], durationMs: 5 }, 'other'),
  ];
  const mustBeCrash = (error: unknown) => {
    if (!(error instanceof CrashError)) throw error;
  };
  const seen = async ({ handlers }: ReturnType<typeof createCatalog>) => ({
    counts: await handlers.counts({}),
    genres: (await handlers.genres({})).items,
    songs: (await handlers.allSongs({})).items.map(({ title }) => title).sort(),
    titles: (await handlers.albums({ sort: 'title' })).items.map(({ title, songCount }) => ({
      title,
      songCount,
    })),
    jazz: (await handlers.albums({ sort: 'year', genre: 'jazz' })).items.map(({ title }) => title),
    rock: (await handlers.albums({ sort: 'added', genre: 'rock' })).items.map(({ title }) => title),
    artists: (await handlers.artists({})).items,
  });

  async function play(crashAt: number): Promise<{ view: unknown; crashed: boolean }> {
    await using engines = await openEngines();
    const dying = mortal(engines);
    await using doomed = createCatalog({ ...engines, ...dying });
    await doomed.start();
    for (const [i, song] of story.entries()) {
      engines.clock.advance(1);
      if (i === story.length - 1) {
        await doomed.caughtUp();
        dying.dieAt(crashAt, 'before');
      }
      await Promise.race([dying.death, doomed.handlers.release(song).catch(mustBeCrash)]);
    }
    await Promise.race([dying.death, doomed.caughtUp()]);
    await doomed[Symbol.asyncDispose]();
    const journaled = (await engines.journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length;
    await using next = createCatalog(engines);
    await next.start();
    // What never reached the journal was never acknowledged: releasing it again must lead to the same end.
    if (journaled < 2) await next.handlers.release(story.at(-1) as SongRelease);
    await next.caughtUp();
    return { view: await seen(next), crashed: dying.isDead() };
  }

  const whole = await play(Number.POSITIVE_INFINITY);
  t.match(whole.view, { counts: { songs: 2, albums: 2, artists: 2 }, jazz: ['other'], rock: [] });
  let crashAt = 1;
  for (; ; crashAt++) {
    const broken = await play(crashAt);
    t.same(broken.view, whole.view, `dead at write ${crashAt}`);
    if (!broken.crashed) break;
  }
  t.ok(crashAt > 10, 'the crash points cover the whole release');
});
