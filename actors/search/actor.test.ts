// Goal: search finds what the catalogue has, and only that. Method: the actor beside a real catalogue actor,
// both on the embedded engines.
import t from 'tap';
import { SEARCH_FILL_CHUNK } from '../../config/limits.ts';
import { openSearchIndex } from '../../infra/embedded/search-index.ts';
import type { SearchIndex } from '../../kit/ports/search-index.ts';
import { type Clock, systemClock } from '../../kit/sources.ts';
import { type Engines, enginesOf } from '../../test/doubles/engines.ts';
import { mortal } from '../../test/doubles/faults.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { createCatalog } from '../catalog/actor.ts';
import { createSearch } from './actor.ts';
import { SONGS } from './domain.ts';

/** The system's clock lets a process end while a timer waits; here waiting is all that goes on. */
const clock: Clock = {
  nowMs: systemClock.nowMs,
  after(_delayMs, fn) {
    const handle = setImmediate(fn);
    return { cancel: () => clearImmediate(handle) };
  },
};

async function actors({ teardown }: Pick<typeof t, 'teardown'>, given?: Partial<Engines>) {
  const engines = { ...(await enginesOf({ teardown })), ...given };
  const catalog = createCatalog(engines);
  const search = createSearch({ ...engines, catalog: catalog.handlers, clock });
  teardown(async () => {
    await search[Symbol.asyncDispose]();
    await catalog[Symbol.asyncDispose]();
  });
  return { ...engines, catalog, search, find: search.handlers.search, send: catalog.handlers.release };
}

t.test('S1: songs are found by title, artist, album, genre and lyrics', async (t) => {
  const { search, find, send } = await actors(t);
  const by = { artistId: idOf('by'), name: 'Borealis' };
  const words = { songId: idOf('one'), synced: false, lines: [{ text: 'winter is' }, { text: 'over' }] };
  await send(release('one', { title: 'Thaw', artists: [by], genres: ['Dub'], lyrics: words }, 'Icefield'));
  await send(release('two'));
  await search.start();
  await search.ready();
  for (const query of ['thaw', 'borealis', 'icefield', 'dub', 'winter over']) {
    const { songs } = await find({ query, type: 'song' });
    t.match(songs, { total: 1, items: [{ songId: idOf('one'), title: 'Thaw' }] }, query);
  }
});

t.test('S1: composers, works, artist credits and names for sorting are found', async (t) => {
  const { search, find, send } = await actors(t);
  const by = { artistId: idOf('by'), name: '王菲', sortName: 'Faye Wong' };
  await send(
    release('one', {
      artists: [by],
      displayArtist: '王菲 with Zephyr',
      work: 'Winterreise',
      movement: { name: 'Gute Nacht', number: 1 },
      credits: [
        { role: 'performer', name: '王菲', shareBp: 10_000 },
        { role: 'composer', name: 'Schubert', shareBp: 0 },
      ],
    }),
  );
  await send(release('two'));
  await search.start();
  await search.ready();
  for (const query of ['zephyr', 'winterreise', 'gute nacht', 'schubert']) {
    t.match((await find({ query, type: 'song' })).songs, { items: [{ songId: idOf('one') }] }, query);
  }
  t.match((await find({ query: 'faye', type: 'artist' })).artists, { total: 1, items: [by] });
});

t.test('S4: a merged artist is found as what it became, a corrected song by its new title', async (t) => {
  const { search, catalog, find, send } = await actors(t);
  const old = { artistId: idOf('old'), name: 'Prynce' };
  const misspelt = release('one', { title: 'Kyss', artists: [old] }, 'parade');
  await send({ ...misspelt, album: { ...misspelt.album, artists: [old] } });
  await send(release('two'));
  await search.start();
  await search.ready();
  t.match((await find({ query: 'prynce' })).artists, { total: 1 });
  const byUserId = idOf('admin');
  const { handlers } = catalog;
  await handlers.mergeArtists({ artistId: idOf('artist'), artistIds: [old.artistId], byUserId });
  await handlers.correctSong({ songId: idOf('one'), title: 'Waterfall', byUserId });
  await search.ready();
  t.match((await find({ query: 'prynce' })).artists, { total: 0 });
  t.match((await find({ query: 'waterfall', type: 'song' })).songs, {
    items: [{ artists: [{ name: 'Aurora' }] }],
  });
  t.match((await find({ query: 'kyss', type: 'song' })).songs, { total: 0 });
});

t.test('S2: all three kinds, or one; limit, offset and total', async (t) => {
  const { search, find, send } = await actors(t);
  for (const i of [1, 2, 3, 4, 5]) await send(release(`s${i}`, { title: 'Aurora song' }, 'Aurora album'));
  await search.start();
  await search.ready();
  const all = await find({ query: 'aurora', limit: 2, offset: 0 });
  t.match(all, { songs: { total: 5 }, albums: { total: 1 }, artists: { total: 1 } });
  t.equal(all.songs?.items.length, 2);
  const last = await find({ query: 'aurora', type: 'song', limit: 2, offset: 4 });
  t.same(Object.keys(last), ['songs']);
  t.match(last.songs, { total: 5, items: [{ songId: idOf('s5') }] });
  t.equal(last.songs?.items.length, 1);
  t.match(await find({ query: 'aurora', type: 'artist' }), { artists: { items: [{ name: 'Aurora' }] } });
  t.same(await find({ query: 'nothing', type: 'album' }), { albums: { total: 0, items: [] } });
});

t.test('S3: found songs say why a viewer cannot play them', async (t) => {
  const { search, find, send } = await actors(t);
  await send(release('one', { rights: [{ regions: ['DE'] }] }));
  await search.start();
  await search.ready();
  const inCountry = async (country: string) =>
    (await find({ query: 'one', type: 'song', country })).songs?.items[0]?.unavailable;
  t.equal(await inCountry('FR'), 'NOT_IN_REGION');
  t.equal(await inCountry('DE'), undefined);
});

t.test('S4: releases, corrections, moves and removals are followed', async (t) => {
  const { catalog, search, find, send } = await actors(t);
  await catalog.start();
  await search.start();
  await search.ready();
  const titles = async (query: string) => {
    await search.ready();
    const { songs, albums, artists } = await find({ query });
    return [songs?.items.length, albums?.items.length, artists?.items.length];
  };
  await send(release('one', {}, 'first'));
  t.same(await titles('one'), [1, 0, 0]);
  t.same(await titles('first'), [1, 1, 0]);
  await send(release('one', { title: 'uno' }, 'second'));
  t.same(await titles('one'), [0, 0, 0]);
  t.same(await titles('first'), [0, 0, 0]);
  t.same(await titles('second'), [1, 1, 0]);
  t.same(await titles('aurora'), [1, 1, 1]);
  await catalog.handlers.remove({ songId: idOf('one') });
  t.same(await titles('aurora'), [0, 0, 0]);
});

t.test(
  'S4: an event that comes before its tables are written is indexed as the journal has it',
  async (t) => {
    const engines = await enginesOf(t);
    const { search, find } = await actors(t, engines);
    await search.start();
    await search.ready();
    const dying = mortal(engines);
    dying.dieAt(1, 'after');
    await using importer = createCatalog({ ...engines, ...dying });
    await t.rejects(importer.handlers.release(release('one')), { name: 'CrashError' });
    await search.ready();
    t.match(await find({ query: 'one' }), { songs: { total: 1, items: [{ title: 'one' }] } });
  },
);

t.test('S7: what is released while the index is filled is in it, as it is', async (t) => {
  const { catalog, send, ...engines } = await actors(t);
  for (let i = 0; i < SEARCH_FILL_CHUNK * 3; i++) await send(release(`s${i}x`));
  let corrected = false;
  const slow = createSearch({
    ...engines,
    catalog: {
      ...catalog.handlers,
      uncached: async (asked) => {
        const found = await catalog.handlers.uncached(asked);
        // The page that holds the song was read before the correction, and is written after it.
        if (!corrected && asked.songIds.includes(idOf('s1x'))) {
          corrected = true;
          await send(release('s1x', { title: 'uno' }));
        }
        return found;
      },
    },
    clock,
  });
  t.teardown(() => slow[Symbol.asyncDispose]());
  await slow.start();
  await slow.ready();
  t.match(await slow.handlers.search({ query: 'uno', type: 'song' }), { songs: { total: 1 } });
});

t.test('S5: an index that was not filled to the end is filled again, whole', async (t) => {
  const { send, ...engines } = await actors(t);
  const count = SEARCH_FILL_CHUNK * 6;
  for (let i = 0; i < count; i++) await send(release(`s${i}x`));
  let pagesLeft = 2;
  const broken = createCatalog(engines);
  const { uncached } = broken.handlers;
  const flaky = createSearch({
    ...engines,
    catalog: {
      ...broken.handlers,
      uncached: async (asked) => {
        pagesLeft -= 1;
        if (pagesLeft === 0) throw new Error('the catalogue is away');
        return uncached(asked);
      },
    },
    clock,
  });
  t.teardown(() => flaky[Symbol.asyncDispose]());
  await flaky.start();
  await flaky.ready();
  t.equal(await (await engines.index.open(SONGS)).count(), count);
  t.ok(pagesLeft < 0, 'it went on after the fault');
});

t.test('S5: each process fills an index of its own', async (t) => {
  const { send, ...engines } = await actors(t);
  await send(release('one'));
  for (const _process of ['first', 'second']) {
    const { search, find } = await actors(t, { ...engines, index: openSearchIndex() });
    await search.start();
    await search.ready();
    t.match(await find({ query: 'one' }), { songs: { total: 1 } });
  }
});

t.test(
  'S5: an index for all is filled and followed by whoever has a share, and again when lost',
  async (t) => {
    const { send, ...engines } = await actors(t);
    await send(release('one'));
    const shared = (): SearchIndex => ({ ...openSearchIndex(), scope: 'shared' });
    const index = shared();
    const [here, there] = [await actors(t, { ...engines, index }), await actors(t, { ...engines, index })];
    await here.search.start();
    await here.search.ready();
    await there.search.start();
    await send(release('one', { title: 'uno' }));
    await there.search.ready();
    t.match(await here.find({ query: 'uno', type: 'song' }), { songs: { total: 1 } });
    t.match(await here.find({ query: 'one', type: 'song' }), { songs: { total: 0 } });
    for (const { search } of [here, there]) await search[Symbol.asyncDispose]();

    engines.clock.advance(1);
    const next = await actors(t, { ...engines, index: shared() });
    await next.search.start();
    await next.search.ready();
    t.match(await next.find({ query: 'uno', type: 'song' }), { songs: { total: 1 } });
  },
);

t.test('S7: a process of a shared index that wrote late writes again what is so now', async (t) => {
  const { catalog, send, ...engines } = await actors(t);
  await send(release('one'));
  const index: SearchIndex = { ...openSearchIndex(), scope: 'shared' };
  let corrected = false;
  const late = createSearch({
    ...engines,
    index,
    catalog: {
      ...catalog.handlers,
      uncached: async (asked) => {
        const found = await catalog.handlers.uncached(asked);
        if (!corrected) {
          corrected = true;
          await send(release('one', { title: 'uno' }));
          const other = await actors(t, { ...engines, index });
          await other.search.start();
        }
        return found;
      },
    },
    clock,
  });
  t.teardown(() => late[Symbol.asyncDispose]());
  await late.start();
  await late.ready();
  t.match(await late.handlers.search({ query: 'uno', type: 'song' }), { songs: { total: 1 } });
  t.match(await late.handlers.search({ query: 'one', type: 'song' }), { songs: { total: 0 } });
});

t.test('S6: a failing index is told as SEARCH_UNAVAILABLE, as is one not opened yet', async (t) => {
  let fault: Error | undefined;
  const real = openSearchIndex();
  const index: SearchIndex = {
    ...real,
    async open(spec) {
      const collection = await real.open(spec);
      const query: typeof collection.query = async (asked) => {
        if (fault) throw fault;
        return collection.query(asked);
      };
      return { ...collection, query };
    },
  };
  const { search, find, send } = await actors(t, { index });
  await t.rejects(find({ query: 'one' }), { code: 'SEARCH_UNAVAILABLE', status: 503 });
  await send(release('one'));
  await search.start();
  await search.ready();
  fault = new Error('disk full at /var/lib');
  await t.rejects(find({ query: 'one' }), { code: 'SEARCH_UNAVAILABLE', status: 503 });
  fault = undefined;
  t.match(await find({ query: 'one' }), { songs: { total: 1 } });
});
