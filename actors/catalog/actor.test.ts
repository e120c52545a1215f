// Goal: the catalogue's rules hold through its handlers. Method: the actor on the embedded engines; a second
// actor on the same engines stands for another process.
import fc from 'fast-check';
import t from 'tap';
import { openCache } from '../../infra/embedded/cache.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { type Engines, enginesOf, heard, openEngines } from '../../test/doubles/engines.ts';
import { redelivering } from '../../test/doubles/faults.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { createCatalog } from './actor.ts';
import { CATALOG_STREAM, CATALOG_TOPIC } from './contract.ts';
import { CATALOG_CONSUMER } from './prepared.ts';

const albumId = idOf('album');
const artistId = idOf('artist');

async function started(test: Pick<typeof t, 'teardown'>, changes: Partial<Engines> = {}) {
  const engines = await enginesOf(test);
  const journal = redelivering(engines.journal);
  const catalog = createCatalog({ ...engines, journal, ...changes });
  await catalog.start();
  test.teardown(() => catalog[Symbol.asyncDispose]());
  return { ...engines, journal, catalog, ...catalog.handlers };
}

t.test('C1: a release sent again unchanged journals nothing; sent changed it corrects', async (t) => {
  const { journal, release: send, song, album } = await started(t);
  t.same(await send(release('one')), { songId: idOf('one'), created: true });
  t.same(await send(release('one')), { songId: idOf('one'), created: false });
  t.equal((await journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length, 1);
  t.same(await send(release('one', { title: 'Uno', durationMs: 1000 })), {
    songId: idOf('one'),
    created: false,
  });
  t.equal((await song({ songId: idOf('one') })).title, 'Uno');
  t.equal((await album({ albumId })).durationMs, 1000);
});

t.test('C2, C3, C4: bad credits, rights and lyrics are refused by name', async (t) => {
  const { release: send, credits } = await started(t);
  const performer = { role: 'performer', name: 'A', shareBp: 6000 } as const;
  const publisher = { role: 'publisher', name: 'B', shareBp: 4000 } as const;
  await t.rejects(send(release('one', { credits: [performer] })), { code: 'CREDITS_DO_NOT_SUM' });
  await t.rejects(send(release('one', { rights: [{ regions: [], fromMs: 5, untilMs: 5 }] })), {
    code: 'RIGHTS_WINDOW_EMPTY',
  });
  const lines = Array.from({ length: 300 }, () => ({ text: 'x'.repeat(1000) }));
  await t.rejects(send(release('one', { lyrics: { songId: idOf('one'), synced: false, lines } })), {
    code: 'LYRICS_TOO_LARGE',
  });
  await t.rejects(send(release('one', { lyrics: { songId: idOf('two'), synced: false, lines: [] } })), {
    code: 'LYRICS_OF_ANOTHER_SONG',
  });
  await t.rejects(credits({ songId: idOf('one') }), { code: 'SONG_NOT_FOUND' });
  await send(release('one', { credits: [performer, publisher] }));
  t.same((await credits({ songId: idOf('one') })).items, [performer, publisher]);
});

t.test('C5: a removed song leaves albums, artists and lists but can still be named', async (t) => {
  const {
    catalog,
    clock,
    release: send,
    remove,
    song,
    songs,
    album,
    artist,
    allSongs,
    counts,
    genres,
    lyrics,
  } = await started(t);
  const words = { songId: idOf('one'), synced: false, lines: [{ text: 'la' }] };
  await send(release('one', { lyrics: words }));
  const addedMs = clock.nowMs();
  await send(release('two', { genres: ['Folk'] }));
  t.same(await lyrics({ songId: idOf('one') }), words);
  await remove({ songId: idOf('one') });
  await remove({ songId: idOf('one') });
  t.equal((await song({ songId: idOf('one') })).unavailable, 'REMOVED');
  t.equal((await songs({ songIds: [idOf('one')] })).items[0]?.unavailable, 'REMOVED');
  t.match(await album({ albumId }), { songCount: 1, genres: ['Folk'], songs: [{ title: 'two' }] });
  t.match(await artist({ artistId }), { songCount: 1, albumCount: 1 });
  t.same(
    (await allSongs({})).items.map(({ title }) => title),
    ['two'],
  );
  await t.rejects(lyrics({ songId: idOf('one') }), { code: 'SONG_NOT_FOUND' });
  await catalog.caughtUp();
  t.same(await counts({}), { songs: 1, albums: 1, artists: 1 });
  t.same((await genres({})).items, [{ name: 'Folk', songCount: 1, albumCount: 1 }]);

  await remove({ songId: idOf('two') });
  await catalog.caughtUp();
  await t.rejects(album({ albumId }), { code: 'ALBUM_NOT_FOUND' });
  await t.rejects(artist({ artistId }), { code: 'ARTIST_NOT_FOUND' });
  t.same(await counts({}), { songs: 0, albums: 0, artists: 0 });
  t.same((await genres({})).items, []);
  await t.rejects(remove({ songId: idOf('none') }), { code: 'SONG_NOT_FOUND' });

  clock.advance(1000);
  t.same(await send(release('one')), { songId: idOf('one'), created: true });
  t.match(await album({ albumId }), { songCount: 1, addedAtMs: addedMs }, 'as old as it was at first');
});

t.test('C20: many songs are released at once, and a bad one keeps no other out', async (t) => {
  const { journal, releaseMany, album } = await started(t);
  const bad = release('bad', { credits: [{ role: 'label', name: 'L', shareBp: 1 }] });
  const songs = [release('one', { trackNumber: 1 }), bad, release('two', { trackNumber: 2 })];
  t.match(await releaseMany({ songs }), {
    items: [
      { songId: idOf('one'), created: true },
      { songId: idOf('two'), created: true },
    ],
    refused: [{ songId: idOf('bad'), code: 'CREDITS_DO_NOT_SUM' }],
  });
  t.same(
    (await album({ albumId })).songs.map(({ title }) => title),
    ['one', 'two'],
  );
  t.same((await releaseMany({ songs: [release('one', { trackNumber: 1 })] })).items, [
    { songId: idOf('one'), created: false },
  ]);
  t.equal((await journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length, 1);
});

t.test('C21: what packaging measured is shown and outlives the next release', async (t) => {
  const { journal, release: send, packaged, song } = await started(t);
  const loudness = { integratedLufs: -9.5, truePeakDbtp: 0.1 };
  await t.rejects(packaged({ songId: idOf('one'), hasPreview: true }), { code: 'SONG_NOT_FOUND' });
  await send(release('one', { hasPreview: false, loudness: { integratedLufs: -18 } }));
  t.equal((await song({ songId: idOf('one') })).hasPreview, false);
  await packaged({ songId: idOf('one'), hasPreview: true, loudness });
  await packaged({ songId: idOf('one'), hasPreview: true, loudness });
  t.match(await song({ songId: idOf('one') }), { hasPreview: true, loudness });
  await send(release('one', { hasPreview: false, title: 'Uno' }));
  t.match(await song({ songId: idOf('one') }), { title: 'Uno', hasPreview: true, loudness });
  t.equal((await journal.read(CATALOG_STREAM, `catalog.${idOf('one')}`)).length, 3);
});

t.test('C22: what tags say of sound, work, names and editions is shown', async (t) => {
  const { release: send, song, playable, album, artist, artists } = await started(t);
  const bach = { artistId: idOf('bach'), name: 'Johann Sebastian Bach', sortName: 'Bach, Johann Sebastian' };
  const original = {
    ...{ format: 'flac' as const, codec: 'flac', mimeType: 'audio/flac', lossless: true, kbps: 900 },
    ...{ sampleRateHz: 44_100, bitDepth: 16, channels: 2, bytes: 1 },
  };
  const facts = {
    displayArtist: 'Bach feat. Zelenka',
    work: 'Goldberg-Variationen',
    movement: { name: 'Aria', number: 1, total: 32 },
    original,
  };
  const ofAlbum = { sortTitle: 'Goldberg', originalYear: 1741, discTitles: { 1: 'Aria' } };
  const loudness = { integratedLufs: -23.1 };
  const by = release('one', { artists: [bach], ...facts });
  await send({
    ...by,
    credits: [
      { role: 'composer', name: bach.name, shareBp: 0 },
      { role: 'performer', name: 'Pianist', instrument: 'piano', shareBp: 10_000 },
    ],
    album: { ...by.album, artists: [bach], ...ofAlbum, loudness },
  });
  t.match(await song({ songId: idOf('one') }), { ...facts, composers: [bach.name], album: { loudness } });
  t.match(await playable({ songIds: [idOf('one')] }), { items: [{ original }] });
  t.match(await album({ albumId }), { ...ofAlbum, loudness, artists: [bach] });
  t.match(await artist(bach), bach);
  const dora = { artistId: idOf('dora'), name: 'Dora' };
  const theirs = release('two', { artists: [dora] }, 'other');
  await send({ ...theirs, album: { ...theirs.album, artists: [dora] } });
  t.same(
    (await artists({})).items.map(({ name }) => name),
    [bach.name, 'Dora'],
    'by name for sorting',
  );
});

t.test('C6: availability is judged at the time of reading, from a cached copy too', async (t) => {
  const { clock, release: send, song, playable } = await started(t);
  const fromMs = clock.nowMs() + 1000;
  await send(release('one', { rights: [{ regions: ['DE'], fromMs }] }));
  const ask = async () => (await song({ songId: idOf('one'), country: 'DE' })).unavailable;
  t.equal(await ask(), 'NOT_RELEASED');
  clock.advance(fromMs - clock.nowMs());
  t.equal(await ask(), undefined);
  t.equal((await song({ songId: idOf('one'), country: 'FR' })).unavailable, 'NOT_IN_REGION');
  t.match((await playable({ songIds: [idOf('one'), idOf('none')], country: 'FR' })).items, [
    { songId: idOf('one'), unavailable: 'NOT_IN_REGION', rungs: [24, 96, 160, 320] },
  ]);
});

t.test('C10, C13: an album is derived from its songs, in album order', async (t) => {
  const { release: send, album } = await started(t);
  await send(release('c', { trackNumber: 2, genres: ['Rock', 'rock'], year: 1999 }));
  await send(release('b', { trackNumber: 1, genres: ['Rock'], year: 2001, durationMs: 1 }));
  await send(release('a', { discNumber: 2, trackNumber: 1, genres: ['Jazz'] }));
  await send(release('d', { trackNumber: 0 }));
  const got = await album({ albumId });
  t.same(
    got.songs.map(({ title }) => title),
    ['b', 'c', 'd', 'a'],
  );
  t.match(got, { songCount: 4, durationMs: 600_001, year: 2001 });
  t.equal(got.genres[0], 'Rock');
  t.equal(got.genres.length, 3);
});

t.test('C10: a song that moves to another album leaves the first one', async (t) => {
  const { catalog, topics, release: send, album, albums, counts } = await started(t);
  const news = await heard(topics, CATALOG_TOPIC);
  await send(release('one'));
  await send(release('two'));
  await send(release('one', {}, 'other'));
  t.same(
    (await album({ albumId })).songs.map(({ title }) => title),
    ['two'],
  );
  t.equal((await album({ albumId: idOf('other') })).songCount, 1);
  await send(release('two', {}, 'other'));
  await t.rejects(album({ albumId }), { code: 'ALBUM_NOT_FOUND' });
  t.same(
    (await albums({ sort: 'title' })).items.map(({ title }) => title),
    ['other'],
  );
  await catalog.caughtUp();
  t.same(await counts({}), { songs: 2, albums: 1, artists: 1 });
  t.match(news.at(-1), { albumId: idOf('other'), previousAlbumId: albumId });
});

t.test('C11: an artist who is corrected away from a song and its album is gone', async (t) => {
  const { release: send, artist, artists } = await started(t);
  const other = { artistId: idOf('other'), name: 'The Other' };
  const duet = release('one');
  await send({ ...duet, artists: [...duet.artists, other], artistAbout: { [other.artistId]: 'Sings.' } });
  t.match(await artist(other), {
    name: 'The Other',
    about: 'Sings.',
    songCount: 1,
    songs: [{ title: 'one' }],
  });
  t.same(
    (await artists({})).items.map(({ name }) => name),
    ['Aurora', 'The Other'],
  );
  await send(duet);
  await t.rejects(artist(other), { code: 'ARTIST_NOT_FOUND' });
  t.same(
    (await artists({})).items.map(({ name }) => name),
    ['Aurora'],
  );
  const { album } = duet;
  await send(release('two', { artists: [other], album: { ...album, artists: [other] } }));
  t.same(
    (await artist({ artistId })).albums.map(({ albumId }) => albumId),
    [albumId],
  );
  await send({ ...duet, artists: [other], album: { ...album, artists: [other] } });
  await t.rejects(artist({ artistId }), { code: 'ARTIST_NOT_FOUND' });
});

t.test('C14: counts stay exact when the whole journal comes again', async (t) => {
  const { catalog, journal, release: send, counts, genres } = await started(t);
  for (const name of ['one', 'two', 'three']) await send(release(name, { genres: ['Jazz', 'Folk'] }));
  await catalog.caughtUp();
  await journal.again(CATALOG_CONSUMER);
  t.same(await counts({}), { songs: 3, albums: 1, artists: 1 });
  t.same((await genres({})).items, [
    { name: 'Folk', songCount: 3, albumCount: 1 },
    { name: 'Jazz', songCount: 3, albumCount: 1 },
  ]);
});

t.test('C17: what another process releases drops the copies of this one', async (t) => {
  const engines = await enginesOf(t);
  const server = createCatalog(engines);
  await server.start();
  t.teardown(() => server[Symbol.asyncDispose]());
  const { song, album, artist, albums } = server.handlers;
  await server.handlers.release(release('one'));
  await Promise.all([song({ songId: idOf('one') }), album({ albumId }), artist({ artistId }), albums({})]);

  const importer = createCatalog({ ...engines, cache: openCache(engines.clock) });
  await importer.handlers.release(release('one', { title: 'Uno' }));
  await importer.handlers.release(release('two', {}, 'other'));
  await server.caughtUp();
  t.equal((await song({ songId: idOf('one') })).title, 'Uno');
  t.equal((await album({ albumId })).songs[0]?.title, 'Uno');
  t.equal((await artist({ artistId })).albumCount, 2);
  t.equal((await albums({})).items.length, 2);
});

t.test('C17: a cached page or song is not read from the tables again', async (t) => {
  let sets = 0;
  const real = openCache(manualClock());
  const cache: Cache = {
    ...real,
    set(...args) {
      sets += 1;
      return real.set(...args);
    },
  };
  const { catalog, release: send, song, songs, albums } = await started(t, { cache });
  await send(release('one'));
  await catalog.caughtUp();
  await song({ songId: idOf('one') });
  await albums({});
  const before = sets;
  await song({ songId: idOf('one') });
  await songs({ songIds: [idOf('one')] });
  await albums({});
  t.equal(sets, before);
});

t.test('C18: pages hold every item once, in order, over many buckets', async (t) => {
  const { clock, release: send, allSongs, albums, artists } = await started(t);
  const names = ['The Zoo', 'apple', 'Árbol', 'bear', '海', 'Ärger', 'a', '99'];
  for (const [i, name] of names.entries()) {
    clock.advance(i * 3_000_000);
    const by = { artistId: idOf(`by${i}`), name };
    const album = { albumId: idOf(`al${i}`), title: name, artists: [by], type: 'album' as const };
    await send(release(`s${i}`, { title: name, artists: [by], album, year: 2000 + (i % 3) }));
  }
  type Paged<T> = (page: { limit: number; cursor?: string }) => Promise<{ items: T[]; nextCursor?: string }>;
  const walk = async <T>(read: Paged<T>, limit: number): Promise<T[]> => {
    const all: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await read({ limit, ...(cursor && { cursor }) });
      t.ok(page.items.length <= limit && page.items.length > 0);
      all.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor);
    return all;
  };
  const byName = ['99', 'a', 'apple', 'Árbol', 'Ärger', 'bear', 'The Zoo', '海'];
  for (const limit of [1, 3, 8, 100]) {
    const titles = await walk((page) => albums({ sort: 'title', ...page }), limit);
    t.same(
      titles.map(({ title }) => title),
      byName,
    );
    t.same(
      (await walk(artists, limit)).map(({ name }) => name),
      byName,
    );
    t.same(
      (await walk(allSongs, limit)).map(({ title }) => title),
      names.toReversed(),
    );
    const years = (await walk((page) => albums({ sort: 'year', ...page }), limit)).map(({ year }) => year);
    t.same(
      years,
      years.toSorted((a, b) => Number(b) - Number(a)),
    );
    t.same((await walk((page) => albums({ genre: ' AMBIENT ', ...page }), limit)).length, names.length);
  }
  await t.rejects(allSongs({ cursor: 'nonsense' }), { code: 'BAD_CURSOR' });
});

t.test(
  'C23: albums are sorted by artist and year and filtered by decade, type and genre together',
  async (t) => {
    const { release: send, albums } = await started(t);
    const put = (
      title: string,
      name: string,
      sortName: string,
      year: number,
      type: 'album' | 'ep',
      genre: string,
    ) => {
      const by = { artistId: idOf(name), name, sortName };
      const album = { albumId: idOf(title), title, artists: [by], type };
      return send(release(`of${title}`, { album, artists: [by], year, genres: [genre] }));
    };
    await put('late', 'Zoe Adams', 'Adams, Zoe', 1999, 'album', 'Rock');
    await put('early', 'Zoe Adams', 'Adams, Zoe', 1991, 'ep', 'Rock');
    await put('other', 'Ann Bell', 'Bell, Ann', 1985, 'album', 'Rock');
    await put('folk', 'Ann Bell', 'Bell, Ann', 1993, 'album', 'Folk');
    const titles = async (params: Parameters<typeof albums>[0]) =>
      (await albums(params)).items.map(({ title }) => title);
    t.same(
      await titles({ sort: 'artist' }),
      ['late', 'early', 'folk', 'other'],
      'newest first within an artist',
    );
    t.same(await titles({ sort: 'year', decade: 1990 }), ['late', 'folk', 'early']);
    t.same(await titles({ sort: 'year', type: 'ep' }), ['early']);
    t.same(await titles({ sort: 'title', genre: 'rock', decade: 1990, type: 'album' }), ['late']);
    t.same(await titles({ decade: 1950 }), []);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const params = { sort: 'title', genre: 'Rock', decade: 1990, limit: 1 } as const;
      const page = await albums({ ...params, ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ title }) => title));
      cursor = page.nextCursor;
    } while (cursor);
    t.same(seen, ['early', 'late'], 'page by page');
    const remaster = release('oflate', { year: 2020, genres: ['Rock'] }, 'late');
    await send({ ...remaster, album: { ...remaster.album, originalYear: 1979 } });
    t.same(await titles({ decade: 1970 }), ['late'], 'the year in which the music came out');
  },
);

t.test('C24: an artist’s albums are their own by type, and those they appear on', async (t) => {
  const { release: send, artistAlbums, artistSongs, artistSongIds, artists, artist } = await started(t);
  const guest = { artistId: idOf('guest'), name: 'Guest' };
  await send(release('one', { artists: [guest] }, 'appears'));
  for (const [i, type] of (['album', 'ep', 'single', 'compilation', 'album'] as const).entries()) {
    const album = { albumId: idOf(`own${i}`), title: `own${i}`, artists: [guest], type };
    await send(release(`song${i}`, { album, artists: [guest], year: 2000 + i }));
  }
  const sections = {
    album: ['own4', 'own0'],
    ep: ['own1'],
    single: ['own2'],
    compilation: ['own3'],
    appearsOn: ['appears'],
  };
  for (const [section, titles] of Object.entries(sections)) {
    const params = { artistId: guest.artistId, section: section as keyof typeof sections };
    t.same(
      (await artistAlbums(params)).items.map(({ title }) => title),
      titles,
    );
  }
  t.match(await artist(guest), { albumCount: 5, appearsOnCount: 1, songCount: 6 });
  const first = await artistAlbums({ artistId: guest.artistId, limit: 4 });
  const rest = await artistAlbums({ artistId: guest.artistId, limit: 4, cursor: first.nextCursor as string });
  t.same(
    [...first.items, ...rest.items].map(({ title }) => title),
    ['own4', 'own3', 'own2', 'own1', 'own0', 'appears'],
  );
  const songs = (await artistSongs({ artistId: guest.artistId })).items;
  t.same(
    songs.map(({ title }) => title),
    ['song4', 'song3', 'song2', 'song1', 'song0', 'one'],
  );
  t.same(
    (await artistSongIds({ artistId: guest.artistId })).items,
    songs.map(({ songId }) => songId),
  );
  t.same(
    (await artists({ of: 'albums' })).items.map(({ name }) => name),
    ['Aurora', 'Guest'],
  );
  const solo = { artistId: idOf('solo'), name: 'Solo' };
  await send(release('two', { artists: [solo] }));
  t.same(
    (await artists({ of: 'albums' })).items.map(({ name }) => name),
    ['Aurora', 'Guest'],
  );
  t.same(
    (await artists({})).items.map(({ name }) => name),
    ['Aurora', 'Guest', 'Solo'],
  );
});

t.test('C25: genres tell songs, albums and a cover, decades their albums', async (t) => {
  const { catalog, release: send, genres, decades, remove } = await started(t);
  const covered = release('two', { genres: ['Jazz', 'Rock'], year: 1964 }, 'other');
  await send(release('one', { genres: ['Jazz'], year: 1959 }));
  await send({ ...covered, album: { ...covered.album, coverId: 'cover' } });
  await catalog.caughtUp();
  t.same((await genres({})).items, [
    { name: 'Jazz', songCount: 2, albumCount: 2, coverId: 'cover' },
    { name: 'Rock', songCount: 1, albumCount: 1, coverId: 'cover' },
  ]);
  t.same((await decades({})).items, [
    { decade: 1960, albumCount: 1 },
    { decade: 1950, albumCount: 1 },
  ]);
  await remove({ songId: idOf('two') });
  await catalog.caughtUp();
  t.same((await genres({})).items, [{ name: 'Jazz', songCount: 1, albumCount: 1 }]);
  t.same((await decades({})).items, [{ decade: 1950, albumCount: 1 }]);
});

t.test('C18: songs are listed by title too', async (t) => {
  const { release: send, allSongs } = await started(t);
  for (const title of ['Pear', 'the Apple', 'Zebra']) await send(release(title.slice(-3), { title }));
  await send(release('bra', { title: 'Banana' }));
  const titles = (await allSongs({ sort: 'title' })).items.map((song) => song.title);
  t.same(titles, ['the Apple', 'Banana', 'Pear'], 'where a corrected song stood before it is not shown');
});

t.test('C19: news reach the topic without what is the catalogue’s own', async (t) => {
  const { catalog, topics, release: send } = await started(t);
  const news = await heard(topics, CATALOG_TOPIC);
  await send(release('one', { credits: [{ role: 'label', name: 'L', shareBp: 10_000 }] }));
  await catalog.caughtUp();
  t.same(news, [{ type: 'songReleased', songId: idOf('one'), albumId, artistIds: [artistId] }]);
});

t.test(
  'C12, C14: after any sequence of releases and removals all views agree with a plain model',
  async (t) => {
    const step = fc.record({
      song: fc.constantFrom('s1', 's2', 's3', 's4'),
      album: fc.constantFrom('x', 'y'),
      genre: fc.constantFrom('Rock', 'Folk'),
      remove: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await using engines = await openEngines();
        await using catalog = createCatalog(engines);
        await catalog.start();
        const model = new Map<string, { album: string; genre: string }>();
        for (const { song, album, genre, remove } of steps) {
          if (remove && model.delete(song)) await catalog.handlers.remove({ songId: idOf(song) });
          else if (!remove) {
            model.set(song, { album, genre });
            await catalog.handlers.release(release(song, { genres: [genre] }, album));
          }
        }
        await catalog.caughtUp();
        const values = [...model.values()];
        const albumsNow = new Set(values.map(({ album }) => album));
        const got = (await catalog.handlers.albums({ sort: 'title' })).items;
        t.same(
          got.map(({ title, songCount }) => [title, songCount]),
          [...albumsNow].sort().map((name) => [name, values.filter(({ album }) => album === name).length]),
        );
        t.same(await catalog.handlers.counts({}), {
          songs: model.size,
          albums: albumsNow.size,
          artists: model.size > 0 ? 1 : 0,
        });
        const { items } = await catalog.handlers.genres({});
        for (const { name, songCount } of items) {
          t.equal(songCount, values.filter(({ genre }) => genre === name).length);
        }
        t.equal(items.length, new Set(values.map(({ genre }) => genre)).size);
      }),
      { numRuns: 40 },
    );
  },
);
