/**
 * Goal: the rules of SPEC.md on how edges are asked (W8 to W13), and that journal and catalogue lead to fetches.
 * Method: the embedded journal and tables, a clock moved by hand, and edges that answer what they are told to;
 * a grant is checked as the edge checks it.
 */
import t, { type Test } from 'tap';
import { CATALOG_STREAM, type PlayableSong, type RightsWindow } from '../../actors/catalog/contract.ts';
import { PLAYER_STREAM } from '../../actors/player-session/contract.ts';
import { HOUR_MS, WARM_BACKOFF_MS, WARM_REQUESTS_AT_ONCE_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import { openLmdb } from '../../test/contract-suites/harness.ts';
import { NOBODY } from '../edge/contract.ts';
import { createTokenVerifier, type MediaKeys } from '../edge/token.ts';
import { createWarming } from './actor.ts';
import type { Fetched } from './ports.ts';

const KEYS: MediaKeys = [{ kid: 'k1', secret: Buffer.alloc(32, 1) }];
const SEGMENT_BYTES = 120_000;
const START_FILES = ['init.mp4', 'init.enc.mp4', '0.m4s', '1.m4s'];
const idOf = (name: string): string => name.padEnd(22, 'Z');

async function world(t: Test, { bytesPerMin = 1e9 } = {}) {
  const lmdb = await openLmdb();
  const { journal, tables, clock } = lmdb;
  const rights = new Map<string, RightsWindow[]>();
  const removed = new Set<string>();
  const fetched: { url: string; file: string; token: string; songId: string }[] = [];
  const edge = { answer: {} as Partial<Fetched>, atOnce: 0, atOnceMax: 0 };
  const warming = createWarming({
    edges: [
      { region: 'eu', countries: ['DE'], url: 'https://eu.example.org' },
      { region: 'rest', countries: [], url: 'https://rest.example.org' },
    ],
    keys: KEYS,
    journal,
    tables,
    clock,
    bytesPerMin,
    catalog: {
      async playable({ songIds }) {
        const song = (songId: string): PlayableSong => ({
          songId,
          albumId: idOf('album'),
          durationMs: 60_000,
          explicit: false,
          rungs: [96, 160],
          ...(removed.has(songId) && { unavailable: 'REMOVED' as const }),
        });
        return { items: songIds.map(song) };
      },
      async credits({ songId }) {
        const found = rights.get(songId);
        if (!found) throw new NotFoundError('SONG_NOT_FOUND', 'There is no such song.');
        return { songId, items: [], rights: found };
      },
    },
    async fetch(url) {
      const [, host = '', token = '', songId = '', file = ''] =
        /^https:\/\/(\w+)[^/]*\/m\/([^/]+)\/(\w+)\/\d+\/(.+)$/.exec(url) ?? [];
      fetched.push({ url: host, file, token, songId });
      edge.atOnceMax = Math.max(edge.atOnceMax, ++edge.atOnce);
      await new Promise(setImmediate);
      edge.atOnce--;
      return { status: 200, bytes: SEGMENT_BYTES, cache: 'miss', tookMs: 1, ...edge.answer };
    },
  });
  t.teardown(async () => {
    await warming[Symbol.asyncDispose]();
    await lmdb[Symbol.asyncDispose]();
  });
  await warming.start();
  const tell = async (userId: string, ...events: object[]): Promise<void> => {
    await journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`, { events });
    await warming.caughtUp();
  };
  const start = (songId: string, country = 'DE') => ({
    type: 'playStarted',
    playId: idOf('play'),
    songId,
    deviceId: idOf('phone'),
    country,
    atMs: clock.nowMs(),
  });
  return {
    ...lmdb,
    warming,
    fetched,
    edge,
    removed,
    tell,
    start,
    /** A listener begins a list of this many songs, of which the next two are to be warmed. */
    list: (name: string, songs: string[]) =>
      tell(
        name,
        { type: 'contextSet', songIds: songs.map(idOf), entryBase: idOf('e') },
        start(idOf(songs[0] ?? '')),
      ),
    async release(name: string, window: RightsWindow) {
      rights.set(idOf(name), [window]);
      const event = { type: 'songReleased', songId: idOf(name), albumId: idOf('album'), artistIds: [] };
      await journal.append(CATALOG_STREAM, `${CATALOG_STREAM}.${idOf(name)}`, event);
      await warming.caughtUp();
    },
    async status(region: string) {
      const { edges } = await warming.handlers.status({});
      return edges.find((each) => each.region === region);
    },
  };
}

t.test('W2, W5: what follows in a list is fetched through the edge of the listener', async (t) => {
  const { list, warming, fetched } = await world(t);
  await list('ada', ['a', 'b', 'c', 'd']);
  await warming.warmOnce();
  t.same(
    fetched.filter(({ songId }) => songId === idOf('b')).map(({ url, file }) => [url, file]),
    START_FILES.map((file) => ['eu', file]),
  );
  t.same([...new Set(fetched.map(({ songId }) => songId))].sort(), [idOf('b'), idOf('c')]);
});

t.test('W1: a release that was journaled long ago is fetched before its hour, in its country', async (t) => {
  const { release, warming, fetched, clock } = await world(t);
  const fromMs = clock.nowMs() + 50 * HOUR_MS;
  await release('new', { regions: ['DE'], fromMs });
  await warming.warmOnce();
  t.same(fetched, []);
  clock.advance(50 * HOUR_MS - 60_000);
  await warming.warmOnce();
  t.same([...new Set(fetched.map(({ url, songId }) => `${url} ${songId}`))], [`eu ${idOf('new')}`]);
});

t.test('W8: a grant opens the song at the edge and is nobody’s', async (t) => {
  const { list, warming, fetched, clock } = await world(t);
  await list('ada', ['a', 'b']);
  await warming.warmOnce();
  const [first] = fetched;
  const verified = createTokenVerifier({ keys: KEYS, clock }).verify(first?.token ?? '', idOf('b'));
  t.match(verified, { s: 'valid', claims: { playId: NOBODY, userId: NOBODY, maxRung: 160 } });
});

t.test('W9: requests at once and bytes a minute are bounded, and what was too much is owed', async (t) => {
  const { list, warming, fetched, edge, clock, status } = await world(t, { bytesPerMin: 8 * SEGMENT_BYTES });
  for (let n = 0; n < 6; n++) await list(`listener ${n}`, [`first${n}`, `next${n}`]);
  await warming.warmOnce();
  t.equal(edge.atOnceMax, WARM_REQUESTS_AT_ONCE_MAX);
  const files = fetched.length;
  t.equal(files, 4 * START_FILES.length, 'four starts are planned for a minute’s bytes, and cost twice that');
  await warming.warmOnce();
  t.equal(fetched.length, files, 'nothing is left');
  clock.advance(60_000);
  await warming.warmOnce();
  t.equal(fetched.length, files, 'the debt is paid first');
  clock.advance(60_000);
  await warming.warmOnce();
  t.ok(fetched.length > files);
  t.equal((await status('eu'))?.waiting, 0);
});

for (const [name, answer] of [
  ['refuses', { status: 429 }],
  ['fails', { status: 502 }],
  ['does not know our keys', { status: 403 }],
  ['is slow', { tookMs: 60_000 }],
] as const) {
  t.test(`W10: an edge that ${name} is left alone, longer each time, and asked again`, async (t) => {
    const { list, warming, fetched, edge, clock, status } = await world(t);
    edge.answer = answer;
    await list('ada', ['a', 'b']);
    await warming.warmOnce();
    t.equal(fetched.length, 1);
    t.equal((await status('eu'))?.pausedUntilMs, clock.nowMs() + WARM_BACKOFF_MS);
    await warming.warmOnce();
    t.equal(fetched.length, 1, 'not while it is left alone');
    clock.advance(WARM_BACKOFF_MS);
    await warming.caughtUp();
    await list('bob', ['c', 'd']);
    await warming.warmOnce();
    t.equal((await status('eu'))?.pausedUntilMs, clock.nowMs() + 2 * WARM_BACKOFF_MS);
    clock.advance(2 * WARM_BACKOFF_MS);
    edge.answer = {};
    const before = fetched.length;
    await list('eve', ['e', 'f']);
    await warming.warmOnce();
    t.equal(fetched.length, before + START_FILES.length);
    t.equal((await status('eu'))?.pausedUntilMs, undefined);
  });
}

t.test('W11: songs that are gone are not asked for', async (t) => {
  const { list, warming, fetched, removed } = await world(t);
  removed.add(idOf('b'));
  await list('ada', ['a', 'b']);
  await warming.warmOnce();
  t.same(fetched, []);
});

t.test('W13: operators see what was fetched, why, and whether it was played', async (t) => {
  const { list, tell, start, warming, status } = await world(t);
  await list('ada', ['a', 'b', 'c']);
  await warming.warmOnce();
  await tell('ada', start(idOf('b')));
  const eu = await status('eu');
  t.match(eu, {
    url: 'https://eu.example.org',
    requests: { hit: 0, miss: 2 * START_FILES.length, failed: 0 },
  });
  t.same(
    eu?.reasons.find(({ reason }) => reason === 'next'),
    { reason: 'next', warmed: 2, played: 1 },
  );
  const { items } = await warming.handlers.planned({ region: 'eu' });
  t.same(items.map(({ songId, reason, firstSegments }) => [songId, reason, firstSegments]).sort(), [
    [idOf('b'), 'next', 2],
    [idOf('c'), 'next', 2],
  ]);
  t.same((await warming.handlers.planned({ region: 'rest' })).items, []);
});
