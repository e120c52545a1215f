// Goal: what administrators correct is laid over what files say, stays over rescans, and can be taken back.
// Method: the actor on the embedded engines; a release sent again stands for a rescan, a second actor for
// another process, and a death at every write for a crash.
import fc from 'fast-check';
import t from 'tap';
import { CORRECTION_SONGS_AWAITED_MAX } from '../../config/limits.ts';
import { type Engines, enginesOf, openEngines } from '../../test/doubles/engines.ts';
import { CrashError, mortal } from '../../test/doubles/faults.ts';
import { idOf, release } from '../../test/doubles/releases.ts';
import { createCatalog } from './actor.ts';
import { CorrectionBook } from './book.ts';
import { CATALOG_STREAM, type CatalogEvent, type SongRelease } from './contract.ts';
import { catalogTables } from './tables.ts';

const byUserId = idOf('admin');
const aurora = { artistId: idOf('artist'), name: 'Aurora' };
const borealis = { artistId: idOf('borealis'), name: 'Borealis' };

/** A song of an artist on an album of theirs. */
const songOf = (
  name: string,
  by: { artistId: string; name: string },
  album = 'album',
  changes: Partial<SongRelease> = {},
): SongRelease => {
  const whole = release(name, { artists: [by], ...changes }, album);
  return { ...whole, album: { ...whole.album, artists: [by] } };
};

async function started(test: Pick<typeof t, 'teardown'>) {
  const engines = await enginesOf(test);
  const catalog = createCatalog(engines);
  await catalog.start();
  test.teardown(() => catalog[Symbol.asyncDispose]());
  return { ...engines, catalog, ...catalog.handlers };
}

const titlesOf = (items: readonly { title: string }[]) => items.map(({ title }) => title);
const namesOf = (items: readonly { name: string }[]) => items.map(({ name }) => name);

t.test('C30: a corrected song keeps its correction over a rescan, until it is taken back', async (t) => {
  const { catalog, release: send, song, correctSong, undoCorrection, genres } = await started(t);
  const songId = idOf('one');
  await send(release('one', { displayArtist: 'Aurora feat. X' }));
  const fields = { title: 'Uno', trackNumber: 7, year: 1999, genres: ['Jazz'], explicit: true };
  const { correctionId } = await correctSong({ songId, byUserId, ...fields, artists: [{ name: 'Zed' }] });
  t.match(await song({ songId }), { ...fields, artists: [{ name: 'Zed' }] }, 'shown at once');
  t.notOk((await song({ songId })).displayArtist, 'the credit as tagged names somebody else');
  await send(release('one', { displayArtist: 'Aurora feat. X', moods: ['calm'] }));
  t.match(await song({ songId }), { ...fields, moods: ['calm'] }, 'files may still say new things');
  await catalog.caughtUp();
  t.same(namesOf((await genres({})).items), ['Jazz']);
  await undoCorrection({ correctionId, byUserId });
  t.match(await song({ songId }), { title: 'one', trackNumber: 1, explicit: false, artists: [aurora] });
  t.equal((await song({ songId })).displayArtist, 'Aurora feat. X');
});

t.test('C30: of two corrections the later one shows, and the earlier one below it', async (t) => {
  const { release: send, song, correctSong, undoCorrection } = await started(t);
  const songId = idOf('one');
  await send(release('one'));
  const first = await correctSong({ songId, byUserId, title: 'First', year: 1980 });
  const second = await correctSong({ songId, byUserId, title: 'Second' });
  t.match(await song({ songId }), { title: 'Second', year: 1980 });
  await undoCorrection({ correctionId: second.correctionId, byUserId });
  t.match(await song({ songId }), { title: 'First', year: 1980 });
  await undoCorrection({ correctionId: first.correctionId, byUserId });
  await undoCorrection({ correctionId: first.correctionId, byUserId });
  t.equal((await song({ songId })).title, 'one');
});

t.test('C31: a corrected album is shown so by its songs and on its lists', async (t) => {
  const { release: send, song, album, albums, decades, catalog, ...rest } = await started(t);
  const albumId = idOf('album');
  await send(release('one', { year: 2001 }));
  const fields = { title: 'Zebra', type: 'ep', year: 1975, coverId: 'c1' } as const;
  const { correctionId } = await rest.correctAlbum({ albumId, byUserId, ...fields });
  await send(release('two', { year: 2001 }));
  t.match(await album({ albumId }), { ...fields, songCount: 2 }, 'songs that come later too');
  t.match((await song({ songId: idOf('two') })).album, { title: 'Zebra', coverId: 'c1' });
  t.equal((await albums({ type: 'ep', decade: 1970 })).items.length, 1);
  t.equal((await albums({ type: 'album' })).items.length, 0);
  await catalog.caughtUp();
  t.same((await decades({})).items, [{ decade: 1970, albumCount: 1 }]);
  await rest.undoCorrection({ correctionId, byUserId });
  t.match(await album({ albumId }), { title: 'album', type: 'album', year: 2001 });
  t.notOk((await album({ albumId })).coverId);
});

t.test('C32: a renamed artist is renamed everywhere, and sorted by the new name', async (t) => {
  const { release: send, song, artist, artists, album, ...rest } = await started(t);
  await send(
    songOf('one', { ...aurora, sortName: 'Aurora' } as typeof aurora, 'album', {
      displayArtist: 'Aurora & co.',
    }),
  );
  await send(songOf('two', borealis, 'other'));
  await rest.correctArtist({ artistId: aurora.artistId, byUserId, name: 'Zora' });
  t.equal((await artist(aurora)).name, 'Zora');
  t.same(namesOf((await artists({})).items), ['Borealis', 'Zora']);
  t.match(await song({ songId: idOf('one') }), { artists: [{ name: 'Zora' }], displayArtist: 'Zora & co.' });
  t.same(namesOf((await album({ albumId: idOf('album') })).artists), ['Zora']);
});

t.test('C33: merged artists are one, also in files to come, and the old id finds the new page', async (t) => {
  const {
    catalog,
    release: send,
    artist,
    artists,
    artistSongs,
    artistsById,
    counts,
    ...rest
  } = await started(t);
  await send(songOf('one', aurora, 'a'));
  await send(songOf('two', borealis, 'b'));
  const { correctionId } = await rest.mergeArtists({
    artistId: aurora.artistId,
    artistIds: [borealis.artistId],
    byUserId,
  });
  await send(songOf('three', borealis, 'c'));
  t.match(await artist(borealis), { ...aurora, albumCount: 3, songCount: 3 }, 'under its own id');
  t.same(namesOf((await artistsById({ artistIds: [borealis.artistId] })).items), ['Aurora']);
  t.equal((await artistSongs({ artistId: borealis.artistId })).items.length, 3);
  t.same(namesOf((await artists({})).items), ['Aurora']);
  await catalog.caughtUp();
  t.equal((await counts({})).artists, 1);
  await t.rejects(
    rest.mergeArtists({ artistId: borealis.artistId, artistIds: [aurora.artistId], byUserId }),
    { code: 'ALREADY_ONE' },
  );
  await rest.undoCorrection({ correctionId, byUserId });
  t.match(await artist(borealis), { name: 'Borealis', albumCount: 2 });
  t.match(await artist(aurora), { albumCount: 1 });
});

t.test('C33: merges follow each other', async (t) => {
  const { release: send, artist, mergeArtists, undoCorrection } = await started(t);
  const third = { artistId: idOf('third'), name: 'Third' };
  for (const [i, by] of [aurora, borealis, third].entries()) await send(songOf(`s${i}`, by, `al${i}`));
  const first = await mergeArtists({ artistId: borealis.artistId, artistIds: [aurora.artistId], byUserId });
  await mergeArtists({ artistId: third.artistId, artistIds: [aurora.artistId], byUserId });
  t.match(await artist(aurora), { name: 'Third', albumCount: 3 });
  await undoCorrection({ correctionId: first.correctionId, byUserId });
  t.match(await artist(aurora), { name: 'Aurora', albumCount: 1 });
  t.match(await artist(borealis), { name: 'Third', albumCount: 2 });
});

t.test('C34: two artists of one name are parted by albums and songs', async (t) => {
  const { release: send, artist, artists, song, album, ...rest } = await started(t);
  await send(songOf('one', aurora, 'a'));
  await send(songOf('two', aurora, 'b'));
  await send(songOf('three', aurora, 'c'));
  const into = { name: 'Aurora (GB)' };
  const { artistId = '', correctionId } = await rest.splitArtist({
    artistId: aurora.artistId,
    into,
    albumIds: [idOf('b')],
    songIds: [idOf('three')],
    byUserId,
  });
  await send(songOf('four', aurora, 'b'));
  t.match(await artist({ artistId }), { ...into, albumCount: 1, appearsOnCount: 1, songCount: 3 });
  t.match(await artist(aurora), { albumCount: 2, songCount: 1 });
  t.same(namesOf((await album({ albumId: idOf('b') })).artists), [into.name]);
  t.same(namesOf((await song({ songId: idOf('four') })).artists), [into.name]);
  const again = await rest.splitArtist({
    artistId: aurora.artistId,
    into: { name: 'aurora (gb)' },
    songIds: [idOf('one')],
    byUserId,
  });
  t.equal(again.artistId, artistId, 'an artist of that name is found');
  await rest.undoCorrection({ correctionId: again.correctionId, byUserId });
  await rest.undoCorrection({ correctionId, byUserId });
  t.same(namesOf((await artists({})).items), ['Aurora']);
  t.equal((await artist(aurora)).songCount, 4);
});

t.test(
  'C35: merged albums are one in order of discs, with the title and cover of the one they joined',
  async (t) => {
    const { release: send, album, albums, song, mergeAlbums, undoCorrection } = await started(t);
    const [into, other] = [idOf('a'), idOf('b')];
    const covered = (cover: string, title: string) => {
      const whole = release('one', {}, 'a');
      return { ...whole, album: { ...whole.album, coverId: cover, title } };
    };
    await send(covered('cover1', 'Box'));
    await send(release('two', { discNumber: 2 }, 'b'));
    const { correctionId } = await mergeAlbums({ albumId: into, albumIds: [other], byUserId });
    await send(release('zero', { discNumber: 2, trackNumber: 0 }, 'b'));
    t.match(await album({ albumId: other }), {
      albumId: into,
      title: 'Box',
      coverId: 'cover1',
      songCount: 3,
    });
    t.same(titlesOf((await album({ albumId: into })).songs), ['one', 'two', 'zero']);
    t.equal((await albums({})).items.length, 1);
    t.match((await song({ songId: idOf('two') })).album, { albumId: into, title: 'Box', coverId: 'cover1' });
    await send(covered('cover2', 'The Box'));
    t.match((await song({ songId: idOf('two') })).album, { title: 'The Box', coverId: 'cover2' });
    await undoCorrection({ correctionId, byUserId });
    t.match(await album({ albumId: other }), { albumId: other, title: 'b', songCount: 2 });
    t.match(await album({ albumId: into }), { songCount: 1 });
  },
);

t.test('C36: songs are moved to a new album or to one that is there', async (t) => {
  const { release: send, album, song, splitAlbum, correctSong, undoCorrection } = await started(t);
  const albumId = idOf('album');
  for (const name of ['one', 'two', 'three']) await send(release(name));
  await send(release('other', {}, 'other'));
  const split = await splitAlbum({ albumId, songIds: [idOf('two')], into: { title: 'Live' }, byUserId });
  t.match(await album({ albumId: split.albumId ?? '' }), { title: 'Live', songCount: 1 });
  t.match(await album({ albumId }), { songCount: 2 });
  await correctSong({ songId: idOf('three'), album: { albumId: idOf('other') }, byUserId });
  t.match((await song({ songId: idOf('three') })).album, { title: 'other' });
  await send(release('two', { moods: ['new'] }));
  t.match((await song({ songId: idOf('two') })).album, { title: 'Live' });
  await undoCorrection({ correctionId: split.correctionId, byUserId });
  t.match(await album({ albumId }), { songCount: 2 });
  await t.rejects(splitAlbum({ albumId, songIds: [idOf('three')], into: { title: 'X' }, byUserId }), {
    code: 'SONG_NOT_IN_ALBUM',
  });
  await t.rejects(splitAlbum({ albumId, songIds: [idOf('one')], into: { albumId }, byUserId }), {
    code: 'ALREADY_THERE',
  });
});

t.test('C37: corrections are listed with who made them and when, newest first', async (t) => {
  const {
    catalog,
    clock,
    release: send,
    correctSong,
    correctArtist,
    corrections,
    undoCorrection,
  } = await started(t);
  const songId = idOf('one');
  await send(release('one'));
  const atMs = clock.nowMs();
  const first = await correctSong({ songId, byUserId, title: 'Uno' });
  clock.advance(1000);
  await correctArtist({ artistId: aurora.artistId, byUserId: idOf('other'), name: 'Zora' });
  await catalog.caughtUp();
  const page = await corrections({ limit: 1 });
  t.match(page, { items: [{ kind: 'artist', byUserId: idOf('other'), done: true }] });
  const { items } = await corrections({ cursor: page.nextCursor as string });
  t.strictSame(items, [
    {
      correctionId: first.correctionId,
      kind: 'song',
      byUserId,
      atMs,
      what: { songId, title: 'Uno' },
      about: ['one'],
      done: true,
    },
  ]);
  await undoCorrection({ correctionId: first.correctionId, byUserId: idOf('other') });
  await catalog.caughtUp();
  t.match((await corrections({})).items[1], {
    done: true,
    undone: { byUserId: idOf('other'), atMs: clock.nowMs() },
  });
});

t.test('C37: the list tells by name what a correction concerns and where it went', async (t) => {
  const { catalog, clock, release: send, corrections, ...handlers } = await started(t);
  await send(songOf('one', aurora, 'a'));
  await send(songOf('two', borealis, 'b'));
  const songId = idOf('one');
  const { album } = await handlers.song({ songId });
  await handlers.splitAlbum({
    albumId: album.albumId,
    songIds: [songId],
    into: { title: 'Apart' },
    byUserId,
  });
  clock.advance(1000);
  await handlers.mergeArtists({ artistId: borealis.artistId, artistIds: [aurora.artistId], byUserId });
  clock.advance(1000);
  await handlers.splitArtist({
    ...{ artistId: borealis.artistId, into: { name: 'Notus' } },
    ...{ songIds: [idOf('two')], byUserId },
  });
  await catalog.caughtUp();
  t.same(
    (await corrections({})).items.map(({ about, into }) => ({ about, into })),
    [
      { about: [borealis.name], into: 'Notus' },
      { about: [aurora.name], into: borealis.name },
      { about: ['one'], into: 'Apart' },
    ],
  );
});

t.test('C38: a correction that means nothing is refused and says why', async (t) => {
  const { release: send, ...handlers } = await started(t);
  const songId = idOf('one');
  await send(release('one'));
  const { correctSong, correctAlbum, correctArtist, mergeArtists, splitArtist, mergeAlbums } = handlers;
  await t.rejects(correctSong({ songId, byUserId }), { code: 'NOTHING_TO_CORRECT' });
  await t.rejects(correctSong({ songId: idOf('none'), byUserId, title: 'X' }), { code: 'SONG_NOT_FOUND' });
  await t.rejects(correctSong({ songId, byUserId, album: {} }), { code: 'CHOOSE_ONE' });
  await t.rejects(correctSong({ songId, byUserId, artists: [{}] }), { code: 'CHOOSE_ONE' });
  await t.rejects(correctAlbum({ albumId: idOf('none'), byUserId, title: 'X' }), { code: 'ALBUM_NOT_FOUND' });
  await t.rejects(correctArtist({ artistId: idOf('none'), byUserId, name: 'X' }), {
    code: 'ARTIST_NOT_FOUND',
  });
  await t.rejects(mergeArtists({ artistId: aurora.artistId, artistIds: [aurora.artistId], byUserId }), {
    code: 'ALREADY_ONE',
  });
  await t.rejects(mergeAlbums({ albumId: idOf('album'), albumIds: [idOf('none')], byUserId }), {
    code: 'ALBUM_NOT_FOUND',
  });
  await t.rejects(splitArtist({ artistId: aurora.artistId, into: aurora, byUserId }), { code: 'CHOOSE_ONE' });
  await t.rejects(splitArtist({ artistId: aurora.artistId, into: { name: 'X' }, byUserId }), {
    code: 'NOTHING_TO_CORRECT',
  });
  await t.rejects(handlers.undoCorrection({ correctionId: idOf('none'), byUserId }), {
    code: 'CORRECTION_NOT_FOUND',
  });
  t.same((await handlers.corrections({})).items, []);
});

t.test('C39: a command sent again with its commandId is one correction', async (t) => {
  const { release: send, splitAlbum, corrections } = await started(t);
  await send(release('one'));
  await send(release('two'));
  const command = {
    albumId: idOf('album'),
    songIds: [idOf('one')],
    into: { title: 'X' },
    byUserId,
    commandId: 'c1',
  };
  const first = await splitAlbum(command);
  t.strictSame(await splitAlbum(command), first, 'the first answer');
  t.equal((await corrections({})).items.length, 1);
});

t.test('C40: a correction of more songs than a command waits for is finished behind it', async (t) => {
  const { catalog, releaseMany, artist, correctArtist, artistSongs, corrections } = await started(t);
  const count = CORRECTION_SONGS_AWAITED_MAX + 250;
  const all = Array.from({ length: count }, (_, i) => songOf(`s${i}x`, aurora, `al${i % 30}x`));
  for (let at = 0; at < count; at += 100) await releaseMany({ songs: all.slice(at, at + 100) });
  await catalog.caughtUp();
  await correctArtist({ artistId: aurora.artistId, byUserId, name: 'Zora' });
  await catalog.caughtUp();
  t.match((await corrections({})).items, [{ done: true }]);
  t.match(await artist(aurora), { name: 'Zora', songCount: count });
  let cursor: string | undefined;
  let seen = 0;
  do {
    const page = await artistSongs({ artistId: aurora.artistId, limit: 100, ...(cursor && { cursor }) });
    for (const { artists } of page.items) if (artists[0]?.name === 'Zora') seen += 1;
    cursor = page.nextCursor;
  } while (cursor);
  t.equal(seen, count);
});

t.test('C41: songs, albums and artists that a correction touches are told to consumers', async (t) => {
  const { journal, release: send, mergeArtists, mergeAlbums } = await started(t);
  await send(songOf('one', aurora, 'a'));
  await send(songOf('two', borealis, 'b'));
  await mergeArtists({ artistId: aurora.artistId, artistIds: [borealis.artistId], byUserId });
  await mergeAlbums({ albumId: idOf('a'), albumIds: [idOf('b')], byUserId });
  const events = (await journal.read(CATALOG_STREAM, `catalog.${idOf('two')}`)).map(
    ({ data }) => data as CatalogEvent,
  );
  t.match(events, [
    { type: 'songReleased' },
    { type: 'songCorrected', artistIds: [aurora.artistId, borealis.artistId] },
    { type: 'songCorrected', albumId: idOf('a'), previousAlbumId: idOf('b') },
  ]);
});

/** Every song is shown as its corrections say, counted from what its files say. */
async function agreed(engines: Engines, names: readonly string[]): Promise<unknown> {
  const tables = catalogTables(engines.tables);
  const rows = await tables.songs.getMany(names.map((name) => [idOf(name), []] as const));
  const known = rows.flatMap((row) => row ?? []);
  const shown = await new CorrectionBook(tables).shown(known.map(({ release: said }) => said));
  return known.map((row, i) => ({ is: row.shown, ought: shown[i] }));
}

t.test('C42: releases and corrections of two processes at once end as the corrections say', async (t) => {
  const songs = ['s1', 's2', 's3'];
  const step = fc.record({
    node: fc.boolean(),
    kind: fc.constantFrom('release', 'merge', 'rename', 'split', 'undo', 'remove'),
    song: fc.constantFrom(...songs),
    by: fc.constantFrom(aurora, borealis),
    album: fc.constantFrom('x', 'y'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      await using engines = await openEngines();
      await using one = createCatalog(engines);
      await using two = createCatalog(engines);
      await one.start();
      await Promise.allSettled(
        steps.map(async ({ node, kind, song, by, album }, i) => {
          const { handlers } = node ? one : two;
          const other = by === aurora ? borealis : aurora;
          switch (kind) {
            case 'release':
              return handlers.release(songOf(song, by, album, { title: `t${i}` }));
            case 'remove':
              return handlers.remove({ songId: idOf(song) });
            case 'merge':
              return handlers.mergeArtists({ artistId: by.artistId, artistIds: [other.artistId], byUserId });
            case 'rename':
              return handlers.correctArtist({ artistId: by.artistId, name: `n${i}`, byUserId });
            case 'split':
              return handlers.splitAlbum({
                albumId: idOf(album),
                songIds: [idOf(song)],
                into: { title: `n${i}` },
                byUserId,
              });
            case 'undo': {
              const [last] = (await handlers.corrections({ limit: 1 })).items;
              return last && handlers.undoCorrection({ correctionId: last.correctionId, byUserId });
            }
          }
        }),
      );
      await one.caughtUp();
      for (const { is, ought } of (await agreed(engines, songs)) as { is: unknown; ought: unknown }[]) {
        t.strictSame(is, ought);
      }
    }),
    { numRuns: 40 },
  );
});

t.test('C43: after a crash at any write of a correction it is whole or not there', async (t) => {
  const mustBeCrash = (error: unknown) => {
    if (!(error instanceof CrashError)) throw error;
  };
  async function play(crashAt: number) {
    await using engines = await openEngines();
    const dying = mortal(engines);
    await using doomed = createCatalog({ ...engines, ...dying });
    await doomed.start();
    for (const [i, by] of [aurora, borealis].entries())
      await doomed.handlers.release(songOf(`s${i}`, by, `al${i}`));
    await doomed.caughtUp();
    dying.dieAt(crashAt, 'before');
    const merge = { artistId: aurora.artistId, artistIds: [borealis.artistId], byUserId };
    await Promise.race([dying.death, doomed.handlers.mergeArtists(merge).catch(mustBeCrash)]);
    await Promise.race([dying.death, doomed.caughtUp().catch(mustBeCrash)]);
    await doomed[Symbol.asyncDispose]();
    await using next = createCatalog(engines);
    await next.start();
    await next.caughtUp();
    const { handlers } = next;
    return {
      crashed: dying.isDead(),
      made: (await handlers.corrections({})).items.map(({ done }) => done),
      artists: (await handlers.artists({})).items.map(({ name, albumCount, songCount }) => [
        name,
        albumCount,
        songCount,
      ]),
      counted: (await handlers.counts({})).artists,
    };
  }
  let crashAt = 1;
  for (; ; crashAt++) {
    const { crashed, made, artists, counted } = await play(crashAt);
    t.ok(made.every(Boolean), `done, dead at write ${crashAt}`);
    const whole = [['Aurora', 2, 2]];
    const none = [
      ['Aurora', 1, 1],
      ['Borealis', 1, 1],
    ];
    t.strictSame(artists, made.length > 0 ? whole : none, `dead at write ${crashAt}`);
    t.equal(counted, artists.length);
    if (!crashed) break;
  }
  t.ok(crashAt > 10, 'the crash points cover the whole correction');
});
