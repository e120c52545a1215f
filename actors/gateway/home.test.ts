// Goal: the first page makes sense from day one, and an artist's most streamed songs are found among all. Method:
// the real catalogue and history on the embedded engines, their handlers in place of a bus.
import t from 'tap';
import { DAY_MS, HOME_ALBUMS_MAX, HOME_DECADES_MAX, HOME_GENRES_MAX } from '../../config/limits.ts';
import { problemsOf } from '../../kit/validate.ts';
import { enginesOf } from '../../test/doubles/engines.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { createCatalog } from '../catalog/actor.ts';
import { createHistory } from '../history/actor.ts';
import { PLAYER_STREAM, type PlayContext } from '../player-session/contract.ts';
import { createArtistTop } from './artist-top.ts';
import { gatewayContract, type HomeRow } from './contract.ts';
import { createHome, type HomeDeps } from './home.ts';

const ADA = idOf('ada');

async function house(test: Pick<typeof t, 'teardown'>) {
  const engines = await enginesOf(test);
  const catalog = createCatalog(engines);
  const history = createHistory(engines);
  for (const actor of [catalog, history]) {
    await actor.start();
    test.teardown(() => actor[Symbol.asyncDispose]());
  }
  const actors = { catalog: catalog.handlers, history: history.handlers };
  let plays = 0;
  const home = createHome(actors);
  return {
    ...engines,
    actors,
    catalog,
    async add(song: string, album: string, genres: string[], year?: number) {
      engines.clock.advance(1);
      const made = release(song, { genres, ...(year !== undefined && { year }) }, album);
      await catalog.handlers.release(made);
      await catalog.caughtUp();
    },
    async played(song: string, context?: PlayContext, atMs = engines.clock.nowMs(), userId = ADA) {
      plays += 1;
      const event = {
        type: 'streamCounted',
        playId: idOf(`p${plays}x`),
        songId: idOf(song),
        startedAtMs: atMs,
      };
      const events = [{ ...event, ...(context && { context }) }];
      await engines.journal.append(PLAYER_STREAM, `${PLAYER_STREAM}.${userId}`, { events });
      await history.caughtUp();
      engines.clock.advance(1);
    },
    artistTop: createArtistTop(actors),
    async rows(userId = ADA): Promise<HomeRow[]> {
      const answer = await home({ userId });
      t.same(problemsOf(gatewayContract.actions.home.result, answer), []);
      return [...answer.rows];
    },
  };
}

const namesOf = (rows: readonly HomeRow[]): string[] =>
  rows.map((row) => (row.row === 'genre' ? row.genre : row.row === 'decade' ? String(row.decade) : row.row));
const rowOf = <R extends HomeRow['row']>(rows: readonly HomeRow[], row: R) =>
  rows.find((one): one is HomeRow & { row: R } => one.row === row);

t.test('an empty house has no rows; one with music has rows for a new listener', async (t) => {
  const { rows, add } = await house(t);
  t.same(await rows(), []);
  await add('one', 'first', ['Jazz'], 1961);
  t.same(namesOf(await rows()), ['recentlyAdded'], 'rows of one album are left out');
  await add('two', 'second', ['Jazz'], 1965);
  await add('three', 'third', ['Dub'], 1977);
  const found = await rows();
  t.same(namesOf(found), ['recentlyAdded', 'Jazz', '1960']);
  t.same(
    rowOf(found, 'recentlyAdded')?.albums.map(({ title }) => title),
    ['third', 'second', 'first'],
  );
  t.same(
    rowOf(found, 'genre')?.albums.map(({ title }) => title),
    ['second', 'first'],
  );
});

t.test('what was heard comes first: albums once, songs as their albums, artists', async (t) => {
  const { rows, add, played } = await house(t);
  for (const name of ['one', 'two', 'three']) await add(name, `album${name}x`, ['Jazz']);
  await played('one', { type: 'album', id: idOf('albumonex') });
  await played('two', { type: 'search' });
  await played('one', { type: 'artist', id: idOf('artist') });
  await played('one');
  await played('three', { type: 'album', id: 'nothing of ours' });
  await played('three', { type: 'playlist', id: idOf('list') });
  const found = await rows();
  t.same(namesOf(found).slice(0, 3), ['recentlyPlayed', 'mostPlayed', 'recentlyAdded']);
  t.same(
    rowOf(found, 'recentlyPlayed')?.items.map((item) =>
      item.type === 'album' ? item.album.title : item.artist.name,
    ),
    ['albumonex', 'Aurora', 'albumtwox'],
  );
  t.same(
    rowOf(found, 'mostPlayed')?.items.map(({ song, plays }) => [song.title, plays]),
    [
      ['one', 3],
      ['three', 2],
      ['two', 1],
    ],
  );
  t.same(namesOf(await rows(idOf('stranger'))).slice(0, 1), ['recentlyAdded'], 'one’s own');
});

t.test('what left the catalogue and what was long ago is not shown', async (t) => {
  const { rows, add, played, actors, catalog, clock } = await house(t);
  await add('gone', 'x', ['Jazz']);
  await add('old', 'y', ['Jazz']);
  await played('gone', { type: 'album', id: idOf('x') });
  await played('old', undefined, clock.nowMs() - 100 * DAY_MS);
  await actors.catalog.remove({ songId: idOf('gone') });
  await catalog.caughtUp();
  const found = await rows();
  t.same(namesOf(found), ['recentlyPlayed', 'recentlyAdded']);
  t.equal(rowOf(found, 'recentlyPlayed')?.items.length, 1);
});

t.test('the listener’s genres come first, then the largest; rows have an end', async (t) => {
  const { rows, add, played } = await house(t);
  const genres = ['Ambient', 'Blues', 'Country', 'Dub', 'Electro', 'Folk'];
  for (const [g, genre] of genres.entries()) {
    for (let i = 0; i < 2 + (genres.length - g); i++) {
      await add(`${genre}${i}x`, `${genre}album${i}x`, [genre], 1900 + 10 * g);
    }
  }
  const before = namesOf(await rows());
  t.same(before, ['recentlyAdded', 'Ambient', 'Blues', 'Country', 'Dub', '1920', '1910', '1900']);
  await played('Folk0x');
  const after = await rows();
  t.same(namesOf(after).slice(3, 7), ['Folk', 'Ambient', 'Blues', 'Country']);
  t.equal(after.filter(({ row }) => row === 'genre').length, HOME_GENRES_MAX);
  t.equal(after.filter(({ row }) => row === 'decade').length, HOME_DECADES_MAX);
  for (let i = 0; i < HOME_ALBUMS_MAX; i++) await add(`more${i}x`, `morealbum${i}x`, ['Folk']);
  t.equal(rowOf(await rows(), 'genre')?.albums.length, HOME_ALBUMS_MAX);
});

t.test('with the history away the music is there; without a catalogue the page says so', async (t) => {
  const { actors, add, played } = await house(t);
  await add('one', 'x', ['Jazz']);
  await played('one');
  const away = () => Promise.reject(new Error('away'));
  const { rows } = await createHome({ ...actors, history: { top: away, recentContexts: away } })({
    userId: ADA,
  });
  t.same(namesOf(rows), ['recentlyAdded']);
  const broken: HomeDeps = { ...actors, catalog: { ...actors.catalog, albums: away } };
  await t.rejects(createHome(broken)({ userId: ADA }), { message: 'away' });
});

t.test('an artist’s most streamed songs, of everyone, from however many there are', async (t) => {
  const { actors, catalog, played, artistTop } = await house(t);
  const songs = Array.from({ length: 1150 }, (_, i) => release(`song${i}x`, { trackNumber: i + 1 }));
  for (let at = 0; at < songs.length; at += 50) {
    await actors.catalog.releaseMany({ songs: songs.slice(at, at + 50) });
  }
  await catalog.caughtUp();
  const artistId = idOf('artist');
  t.same((await artistTop({ artistId })).items, []);
  for (const userId of [ADA, idOf('ben')]) await played('song1149x', undefined, undefined, userId);
  await played('song3x');
  for (let i = 0; i < 3; i++) await played('song700x');
  await played('song2x');
  await actors.catalog.remove({ songId: idOf('song2x') });
  const found = (await artistTop({ artistId })).items;
  t.same(
    found.map(({ song, streams, listeners }) => [song.title, streams, listeners]),
    [
      ['song700x', 3, 1],
      ['song1149x', 2, 2],
      ['song3x', 1, 1],
    ],
  );
  t.equal((await artistTop({ artistId, limit: 1 })).items.length, 1);
});
