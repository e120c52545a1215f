// Goal: neither a rival nor a crash leaves albums, artists or lists that disagree with the songs. Method: two
// actors on the same engines, a gate at the worst moment, and a death at every write.
import t from 'tap';
import { bucketedList } from '../../kit/bucketed-list.ts';
import type { ClusteringKey, Table, Tables } from '../../kit/ports/tables.ts';
import { memoryEngines } from '../../test/doubles/memory-engines.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { createCatalog } from './actor.ts';
import { CATALOG_STREAM, type SongRelease } from './contract.ts';
import { ARTISTS, albumsBy, SONGS } from './order.ts';
import { catalogTables } from './tables.ts';
import { Totals } from './totals.ts';

const albumId = idOf('album');
const artistId = idOf('artist');

t.test('C12: songs of one album released at once by two processes all count', async (t) => {
  const engines = memoryEngines();
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

/** Tables of which one waits at a gate before some of its writes, as in a process that is slow just there. */
function slowAt(tables: Tables, name: string, ...writes: (keyof Table<ClusteringKey, unknown>)[]) {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const open: Tables['open'] = (spec) => {
    const inner = tables.open(spec);
    if (spec.name !== name) return inner;
    return new Proxy(inner, {
      get(target, method: keyof typeof inner) {
        const own = target[method].bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (!writes.includes(method)) return own;
        return async (...args: unknown[]) => {
          reached.resolve();
          await gate.promise;
          return own(...args);
        };
      },
    });
  };
  return { tables: { open }, reached: reached.promise, pass: () => gate.resolve() };
}

t.test('C12: an album written from fewer songs does not stay', async (t) => {
  const engines = memoryEngines();
  const [first, second] = [
    slowAt(engines.tables, 'catalog_album', 'insertIfAbsent'),
    slowAt(engines.tables, 'catalog_album', 'insertIfAbsent'),
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
  const engines = memoryEngines();
  const quick = createCatalog(engines);
  await quick.handlers.release(release('one'));
  const slow = slowAt(engines.tables, 'catalog_album_song', 'delete');
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
  const engines = memoryEngines();
  const { handlers } = createCatalog(engines);
  const counting = ({ tables }: { readonly tables: Tables }) => {
    const totals = new Totals(catalogTables(tables));
    return (...names: string[]) => totals.recount({ songIds: names.map(idOf), albumIds: [], artistIds: [] });
  };
  const slow = slowAt(engines.tables, 'catalog_share', 'put', 'insertIfAbsent', 'compareAndSet');
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
    { name: 'Folk', songCount: 1 },
    { name: 'Jazz', songCount: 1 },
  ]);
});

t.test('C16: a row of a list that nothing agrees with is not shown', async (t) => {
  const engines = memoryEngines();
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

t.test('C15: after a crash at any write, the next process ends where an unbroken one does', async (t) => {
  const story: SongRelease[] = [
    release('one', { genres: ['Rock'] }),
    release('two', { genres: ['Folk'], artists: [{ artistId: idOf('guest'), name: 'Guest' }] }),
    release('one', { title: 'Uno', genres: ['Jazz'], durationMs: 5 }, 'other'),
  ];
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

  async function play(crashAfter: number): Promise<{ view: unknown; crashed: boolean }> {
    const engines = memoryEngines();
    const doomed = createCatalog(engines);
    await doomed.start();
    let crashed = false;
    for (const [i, song] of story.entries()) {
      engines.clock.set(engines.clock.nowMs() + 1);
      if (i === story.length - 1) engines.disk.dieAfterWrites(crashAfter);
      await doomed.handlers.release(song).catch((error) => {
        t.equal(error.name, 'DeadProcess');
        crashed = true;
      });
    }
    await doomed.caughtUp().catch(() => {
      crashed = true;
    });
    await doomed[Symbol.asyncDispose]();
    engines.disk.revive();
    const journaled = (await engines.journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length;
    const next = createCatalog(engines);
    await next.start();
    await next.caughtUp();
    const view = await seen(next);
    await next[Symbol.asyncDispose]();
    // What never reached the journal was never acknowledged: releasing it again must lead to the same end.
    if (journaled === 2) return { view, crashed };
    await next.handlers.release(story.at(-1) as SongRelease);
    const retry = createCatalog(engines);
    await retry.start();
    await retry.caughtUp();
    const after = await seen(retry);
    await retry[Symbol.asyncDispose]();
    return { view: after, crashed };
  }

  const whole = await play(Number.POSITIVE_INFINITY);
  t.match(whole.view, { counts: { songs: 2, albums: 2, artists: 2 }, jazz: ['other'], rock: [] });
  let crashAfter = 0;
  for (; ; crashAfter++) {
    const broken = await play(crashAfter);
    t.same(broken.view, whole.view, `dead after ${crashAfter} writes`);
    if (!broken.crashed) break;
  }
  t.ok(crashAfter > 10, 'the crash points cover the whole release');
});
