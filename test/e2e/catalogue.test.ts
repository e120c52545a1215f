// Goal: catalogue, search, history and likes keep their contracts together. Method: the four services on the
// embedded engines, called through typed clients, so that each answer is checked against its contract.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceSchema } from 'moleculer';
import t from 'tap';
import { ACCOUNTS_STREAM } from '../../actors/accounts/contract.ts';
import { createCatalog } from '../../actors/catalog/actor.ts';
import { catalogService } from '../../actors/catalog/catalog.service.ts';
import { catalogContract } from '../../actors/catalog/contract.ts';
import { createHistory } from '../../actors/history/actor.ts';
import { historyContract } from '../../actors/history/contract.ts';
import { historyService } from '../../actors/history/history.service.ts';
import { createLikes } from '../../actors/likes/actor.ts';
import { likesContract } from '../../actors/likes/contract.ts';
import { likesService } from '../../actors/likes/likes.service.ts';
import { PLAYER_STREAM } from '../../actors/player-session/contract.ts';
import { createSearch } from '../../actors/search/actor.ts';
import { searchContract } from '../../actors/search/contract.ts';
import { searchService } from '../../actors/search/search.service.ts';
import { openEmbedded } from '../../infra/embedded/open-embedded.ts';
import { type Caller, clientOf } from '../../kit/client.ts';
import { systemClock, systemSources } from '../../kit/sources.ts';
import { idOf, release } from '../doubles/releases.ts';

const USER = idOf('user');

/** A bus without a bus: calls go straight to the services, through all that the contract checks. */
function callerOf(services: readonly ServiceSchema[]): Caller {
  return {
    async call(action, params, { meta }) {
      const [name, method = ''] = action.split('.');
      const service = services.find((candidate) => candidate.name === name);
      const { handler } = (service?.actions?.[method] ?? {}) as { handler: (ctx: unknown) => unknown };
      return handler({ params: structuredClone(params), meta });
    },
  };
}

async function house({ teardown }: Pick<typeof t, 'teardown'>) {
  // The engines' timers let a process end; here the test itself is what waits.
  const alive = setInterval(() => {}, 60_000);
  const dataDir = await mkdtemp(join(tmpdir(), 'antiphon-catalogue-'));
  const engines = await openEmbedded({ dataDir, clock: systemClock });
  const services: ServiceSchema[] = [];
  const caller = callerOf(services);
  const catalogClient = clientOf(catalogContract, caller);
  const catalog = createCatalog({ ...engines, sources: systemSources });
  const search = createSearch({
    index: engines.searchIndex,
    journal: engines.journal,
    catalog: catalogClient,
    clock: systemClock,
  });
  const history = createHistory({ ...engines, clock: systemClock });
  const likes = createLikes({ ...engines, catalog: catalogClient, clock: systemClock });
  services.push(catalogService(catalog), searchService(search), historyService(history), likesService(likes));
  const actors = [catalog, search, history, likes];
  for (const actor of actors) await actor.start();
  teardown(async () => {
    for (const actor of actors) await actor[Symbol.asyncDispose]();
    await engines[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
    clearInterval(alive);
  });
  return {
    engines,
    actors: { catalog, search, history, likes },
    catalog: catalogClient,
    search: clientOf(searchContract, caller),
    history: clientOf(historyContract, caller),
    likes: clientOf(likesContract, caller),
  };
}

t.test('an import beside the running service is shown, counted and found, typos forgiven', async (t) => {
  const { engines, actors, catalog, search } = await house(t);
  t.same(await catalog.counts({}), { songs: 0, albums: 0, artists: 0 });
  const importer = createCatalog({ ...engines, sources: systemSources });
  const lyrics = { songId: idOf('s7x'), synced: true, lines: [{ atMs: 0, text: 'Zwischen den Meeren' }] };
  await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      (i % 2 ? importer.handlers : catalog).release(
        release(`s${i}x`, {
          title: i === 7 ? 'Nordlicht' : `Song ${i}`,
          trackNumber: i + 1,
          genres: ['Ambient', i % 3 ? 'Dub' : 'Folk'],
          year: 1990 + i,
          ...(i === 7 && { lyrics }),
        }),
      ),
    ),
  );
  await actors.catalog.caughtUp();
  await actors.search.ready();
  t.same(await catalog.counts({}), { songs: 30, albums: 1, artists: 1 });
  t.same((await catalog.genres({})).items, [
    { name: 'Ambient', songCount: 30, albumCount: 1 },
    { name: 'Dub', songCount: 20, albumCount: 1 },
    { name: 'Folk', songCount: 10, albumCount: 1 },
  ]);
  const album = await catalog.album({ albumId: idOf('album'), country: 'DE' });
  t.match(album, { songCount: 30, durationMs: 30 * 200_000, year: 2019 });
  t.same(
    album.songs.map(({ trackNumber }) => trackNumber),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
  t.match(await catalog.artist({ artistId: idOf('artist') }), { songCount: 30, albumCount: 1 });
  t.same(await catalog.lyrics({ songId: idOf('s7x') }), lyrics);
  for (const query of ['nordlicht', 'nordlciht', 'nordl', 'zwischen meeren']) {
    t.equal((await search.search({ query })).songs?.items[0]?.songId, idOf('s7x'), query);
  }
  await importer.handlers.remove({ songId: idOf('s7x') });
  await actors.search.ready();
  t.same((await search.search({ query: 'nordlicht', type: 'song' })).songs?.items, []);

  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await catalog.allSongs({ limit: 7, ...(cursor && { cursor }) });
    for (const { songId } of page.items) seen.add(songId);
    cursor = page.nextCursor;
  } while (cursor);
  t.equal(seen.size, 29);
});

t.test('names of any length, script and brokenness are listed', async (t) => {
  const { catalog } = await house(t);
  const names = [
    '🎵'.repeat(250),
    `x\u0000\ud83d`,
    '海'.repeat(500),
    '|/|',
    `${'a'.repeat(99)}🎵`,
    '\u0007',
    'A|B/C',
  ];
  for (const [i, name] of names.entries()) {
    const by = { artistId: idOf(`by${i}x`), name };
    const album = { albumId: idOf(`al${i}x`), title: name, artists: [by], type: 'album' as const };
    const song = release(`s${i}x`, { title: name, artists: [by], album, genres: [name] });
    t.match(await catalog.release(song), { created: true });
    t.match(await catalog.release(song), { created: false });
  }
  for (const sort of ['title', 'year', 'added'] as const) {
    t.equal((await catalog.albums({ sort })).items.length, names.length, sort);
    for (const genre of names) t.ok((await catalog.albums({ sort, genre })).items.length > 0);
  }
  t.equal((await catalog.artists({})).items.length, names.length);
});

t.test('a play and a like are kept, and forgotten with the account', async (t) => {
  const { engines, actors, catalog, history, likes } = await house(t);
  const songId = idOf('one');
  await catalog.release(release('one'));
  await likes.like({ userId: USER, songId });
  const played = { playId: idOf('play'), songId, deviceId: idOf('phone') };
  const startedAtMs = systemClock.nowMs();
  await engines.journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${USER}`, {
    events: [
      { ...played, type: 'playStarted', atMs: startedAtMs },
      {
        ...played,
        type: 'streamCounted',
        startedAtMs,
        atMs: startedAtMs + 30_000,
        country: 'DE',
        tier: 'free',
      },
    ],
  });
  await actors.history.caughtUp();
  t.match((await history.recent({ userId: USER })).items, [{ songId, counted: true, startedAtMs }]);
  t.match((await likes.list({ userId: USER })).items, [{ songId }]);
  t.same(await likes.contains({ userId: USER, songIds: [songId] }), { liked: [songId] });

  await engines.journal.append(ACCOUNTS_STREAM, `${ACCOUNTS_STREAM}.${USER}`, {
    type: 'accountDeleted',
    userId: USER,
  });
  await Promise.all([actors.history.caughtUp(), actors.likes.caughtUp()]);
  t.same((await history.recent({ userId: USER })).items, []);
  t.same((await likes.list({ userId: USER })).items, []);
});
