/**
 * Goal: a folder of music is a library at once, and stays one whatever is done to its files: ids last, what is
 * gone is hidden and comes back, and a disk that is away hides nothing.
 * Method: small files of every format in a folder, the embedded tables, a catalogue that remembers.
 */
import { execFileSync } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SongRelease } from '../../actors/catalog/contract.ts';
import { systemClock } from '../../kit/sources.ts';
import { problemsOf } from '../../kit/validate.ts';
import { enginesOf } from '../../test/doubles/engines.ts';
import { createCoverSources } from '../covers/sources.ts';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { digestOf } from '../ingest/ids.ts';
import { fileState } from '../ingest/song.ts';
import { openIngestTables } from '../ingest/tables.ts';
import { makeMusic } from '../ingest/testing/music.ts';
import { createLibrary } from './library.ts';
import { createBestFile } from './song-file.ts';
import { openLibraryTables } from './tables.ts';

const ffmpeg = await findFfmpeg();

class RememberingCatalog {
  readonly songs = new Map<string, SongRelease>();
  releases = 0;
  async releaseMany({ songs }: { songs: SongRelease[] }) {
    for (const song of songs) {
      const problems = problemsOf(SongRelease, song);
      if (problems.length > 0) throw new Error(problems.join('; '));
      this.songs.set(song.songId, song);
    }
    this.releases += songs.length;
    return { refused: [] };
  }
  async remove({ songId }: { songId: string }) {
    this.songs.delete(songId);
  }
}

async function fixture(t: Test) {
  const dir = t.testdir({ music: {}, data: {} });
  const music = join(dir, 'music');
  const { tables, sources } = await enginesOf(t);
  const catalog = new RememberingCatalog();
  const ingest = openIngestTables(tables);
  const covers = createCoverSources(tables);
  const library = createLibrary({
    tables: openLibraryTables(tables),
    ingest,
    catalog,
    covers,
    ids: sources.ids,
    clock: systemClock,
    dataDir: join(dir, 'data'),
  });
  const { folderId } = await library.add(music);
  const songs = () => [...catalog.songs.values()];
  return {
    dir,
    music,
    tables,
    ingest,
    catalog,
    covers,
    library,
    folderId,
    songs,
    song: (title: string) => songs().find((song) => song.title === title),
    scan: (more: { under?: string; settleMs?: number } = {}) => library.scan(folderId, more),
    row: async () => library.folder(folderId),
    refusals: async () =>
      Object.fromEntries(
        (await Array.fromAsync(library.refusalsOf(folderId))).map(({ ck, row }) => [ck[0], row.code]),
      ),
    make: (name: string, seed = 1, tags: Record<string, string> = {}, args?: string[]) =>
      makeMusic(ffmpeg, music, name, { samples: 44_100, seed, tags, ...(args && { args }) }),
  };
}

t.test('L1: all formats are indexed, and a second look finds nothing to do', async (t) => {
  const f = await fixture(t);
  const names = ['a.flac', 'b.mp3', 'c.ogg', 'd.opus', 'e.m4a', 'f.wav', 'g.aiff'];
  for (const [i, name] of names.entries())
    await f.make(`Ana/First/${name}`, i + 1, { title: name, artist: 'Ana', album: 'First' });
  for (const stray of ['cover.txt', 'list.m3u', 'album.cue', 'info.nfo', 'back.jpg', '.hidden']) {
    await writeFile(join(f.music, 'Ana/First', stray), 'x');
  }
  t.match(await f.scan(), { total: 7, released: 7, unchanged: 0, refused: 0, gone: 0 });
  t.same(await f.refusals(), {}, 'what is no music and does not claim to be is passed over');
  t.match((await f.row()).counts, { songs: 7, files: 7, duplicates: 0, refused: 0, gone: 0 });
  for (const song of f.songs())
    t.match(song, { durationMs: 1000, rungs: [24, 96, 160, 320], hasPreview: false });
  t.match(f.song('a.flac')?.original, { format: 'flac', lossless: true, sampleRateHz: 44_100, channels: 2 });
  const best = createBestFile(f.tables);
  t.match(await best(f.song('d.opus')?.songId ?? ''), {
    path: join(f.music, 'Ana/First/d.opus'),
    samples: 48_000,
  });
  const { releases } = f.catalog;
  t.match(await f.scan(), { total: 7, released: 0, unchanged: 7 });
  t.equal(f.catalog.releases, releases);
});

t.test('L2: retagged, renamed and moved files keep their song, in every format', async (t) => {
  const f = await fixture(t);
  const names = ['a.flac', 'b.mp3', 'c.ogg', 'd.opus', 'e.m4a', 'f.wav', 'g.aiff'];
  for (const [i, name] of names.entries()) await f.make(name, i + 1, { title: name });
  await f.scan();
  const before = new Map(f.songs().map(({ songId, original }) => [original?.format, songId]));
  await mkdir(join(f.music, 'elsewhere'));
  for (const name of names) {
    const format = name.endsWith('m4a') ? ['-f', 'mp4'] : [];
    // Ogg has its tags with the stream.
    const title = /og|op/.test(name) ? '-metadata:s:a:0' : '-metadata';
    execFileSync(ffmpeg.path, [
      '-v',
      'error',
      '-i',
      join(f.music, name),
      '-c',
      'copy',
      title,
      'title=New',
      ...format,
      join(f.music, 'elsewhere', `new ${name}`),
    ]);
    await rm(join(f.music, name));
  }
  t.match(await f.scan(), { released: 7, gone: 0, copies: 0 });
  t.equal(f.songs().length, 7, 'no song is hidden, none is new');
  for (const { songId, original, title } of f.songs()) {
    t.equal(songId, before.get(original?.format), `${original?.format}`);
    if (original?.format !== 'aiff') t.equal(title, 'New');
  }
  t.match((await f.row()).counts, { songs: 7, files: 7, gone: 0 });
});

t.test('L3: what is gone is hidden, and comes back as the same song', async (t) => {
  const f = await fixture(t);
  await f.make('a/one.mp3', 1, { title: 'One' });
  await f.make('b/two.mp3', 2, { title: 'Two' });
  await f.scan();
  const songId = f.song('One')?.songId;
  await rename(join(f.music, 'a'), join(f.dir, 'away'));
  t.match(await f.scan(), { gone: 1, unchanged: 1 });
  t.same(
    f.songs().map(({ title }) => title),
    ['Two'],
  );
  t.match((await f.row()).counts, { songs: 1, files: 1, gone: 1 });
  t.match(await f.scan(), { gone: 0 }, 'it is gone once');
  await rename(join(f.dir, 'away'), join(f.music, 'a'));
  t.match(await f.scan(), { released: 1 });
  t.equal(f.song('One')?.songId, songId);
  t.match((await f.row()).counts, { songs: 2, gone: 0 });
});

t.test('L4: a folder that is away, empty or closed hides nothing', async (t) => {
  const f = await fixture(t);
  await f.make('a/one.mp3', 1, { title: 'One' });
  await f.make('b/two.mp3', 2, { title: 'Two' });
  await f.scan();
  await rename(f.music, `${f.music}-away`);
  await t.rejects(f.scan(), { code: 'FOLDER_UNREADABLE' });
  await mkdir(f.music);
  await t.rejects(f.scan(), { code: 'FOLDER_EMPTY' });
  t.match((await f.row()).unreadable, /is its disk connected/);
  t.equal(f.songs().length, 2);
  t.match((await f.row()).counts, { songs: 2, gone: 0 });
  await rm(f.music, { recursive: true });
  await rename(`${f.music}-away`, f.music);
  if (process.getuid?.() !== 0) {
    await chmod(join(f.music, 'a'), 0);
    t.match(await f.scan(), { gone: 0, refused: 1 });
    t.same(await f.refusals(), { 'a/': 'UNREADABLE' });
    t.equal(f.songs().length, 2);
    await chmod(join(f.music, 'a'), 0o755);
  }
  t.match(await f.scan(), { unchanged: 2, refused: 0, gone: 0 });
  t.equal((await f.row()).unreadable, undefined);
  t.same(await f.refusals(), {});
});

t.test('L5: several files of one sound are one song, served from the best that is there', async (t) => {
  const f = await fixture(t);
  const path = await f.make('a.flac', 1, { title: 'One' });
  execFileSync(ffmpeg.path, [
    '-v',
    'error',
    '-i',
    path,
    '-c:a',
    'flac',
    '-compression_level',
    '0',
    '-metadata',
    'title=Two',
    join(f.music, 'b.flac'),
  ]);
  t.match(await f.scan(), { released: 1, copies: 1 });
  t.equal(f.songs().length, 1);
  t.equal(f.songs()[0]?.title, 'One', 'the smaller of two as good');
  t.match((await f.row()).counts, { songs: 1, files: 2, duplicates: 1 });
  await rm(path);
  t.match(await f.scan(), { gone: 0 });
  t.equal(f.songs()[0]?.title, 'Two', 'the other one speaks for the song now');
  t.match((await f.row()).counts, { songs: 1, files: 1, duplicates: 0, gone: 0 });
});

t.test('L6: songs without an album artist decide together whose album it is', async (t) => {
  const f = await fixture(t);
  const on = (file: string, seed: number, artist: string, album: string) =>
    f.make(file, seed, { title: file, artist, album });
  await on('hits/1.mp3', 1, 'Ana', 'Hits');
  await on('hits/2.mp3', 2, 'Bo', 'Hits');
  await on('hits/3.mp3', 3, 'Cy feat. Ana', 'Hits');
  await on('own/1.mp3', 4, 'Ana', 'Own');
  await on('own/2.mp3', 5, 'Ana feat. Bo', 'Own');
  await f.scan();
  const albums = () =>
    [
      ...new Set(
        f
          .songs()
          .map(({ album }) => `${album.title} by ${album.artists.map(({ name }) => name)}, ${album.type}`),
      ),
    ].sort();
  t.same(albums(), ['Hits by Various Artists, compilation', 'Own by Ana, album']);
  t.equal(new Set(f.songs().map(({ album }) => album.albumId)).size, 2, 'an album is one');
  const ownId = f.song('own/1.mp3')?.album.albumId;
  for (const [i, artist] of ['Di', 'Em', 'Fa'].entries()) await on(`own/${i + 3}.mp3`, 6 + i, artist, 'Own');
  t.match(await f.scan(), { released: 5 }, 'those that were there are told with those that have come');
  t.same(albums(), ['Hits by Various Artists, compilation', 'Own by Various Artists, compilation']);
  for (const name of ['own/3.mp3', 'own/4.mp3', 'own/5.mp3']) await rm(join(f.music, name));
  await f.scan();
  t.same(albums(), ['Hits by Various Artists, compilation', 'Own by Ana, album']);
  t.equal(f.song('own/1.mp3')?.album.albumId, ownId);
});

t.test('L7: one artist of many spellings is one, and one name of two artists is two', async (t) => {
  const f = await fixture(t);
  const by = (file: string, seed: number, artist: string, mbid = '') =>
    f.make(file, seed, { title: file, artist, ...(mbid && { MUSICBRAINZ_ARTISTID: mbid }) });
  const [one, two] = ['1', '2'].map((digit) =>
    '11111111-1111-1111-1111-111111111111'.replaceAll('1', digit),
  ) as [string, string];
  for (const [i, name] of ['The Röcks', 'the rocks', 'Rocks, The', 'THE ROCKS!', 'Röcks'].entries())
    await by(`${i}.flac`, i + 1, name);
  await by('5.flac', 6, 'Nirvana', one);
  await by('6.flac', 7, 'Nirvana', two);
  await by('7.flac', 8, 'Nirvana');
  await by('8.flac', 9, 'NIRVANA (UK)', two);
  await f.scan();
  const artist = (file: string) => f.song(file)?.artists[0];
  t.equal(new Set([0, 1, 2, 3, 4].map((i) => artist(`${i}.flac`)?.artistId)).size, 1);
  t.equal(new Set([0, 1, 2, 3, 4].map((i) => artist(`${i}.flac`)?.name)).size, 1, 'spelled in one way');
  t.not(artist('5.flac')?.artistId, artist('6.flac')?.artistId);
  t.equal(artist('8.flac')?.artistId, artist('6.flac')?.artistId);
  const unnamed = artist('7.flac')?.artistId;
  t.ok(
    unnamed === artist('5.flac')?.artistId || unnamed === artist('6.flac')?.artistId,
    'a name without an id is the first one’s',
  );
});

t.test('L8: files beside a song belong to it, and their change is seen', async (t) => {
  const f = await fixture(t);
  await f.make('cd/song.mp3', 1, { title: 'Song' });
  await writeFile(join(f.music, 'cd/song.lrc'), '[00:01.50]Hello');
  await writeFile(join(f.music, 'cd/cover.jpg'), Buffer.from('\xff\xd8\xff and so on', 'latin1'));
  await f.scan();
  t.same(f.song('Song')?.lyrics?.lines, [{ atMs: 1500, text: 'Hello' }]);
  const coverId = f.song('Song')?.album.coverId ?? '';
  t.match(await Array.fromAsync(f.covers.of(coverId)), [{ s: 'file', path: join(f.music, 'cd/cover.jpg') }]);
  await writeFile(join(f.music, 'cd/song.lrc'), '[00:02.00]Changed');
  t.match(await f.scan(), { released: 1 });
  t.equal(f.song('Song')?.lyrics?.lines[0]?.text, 'Changed');
  await rm(join(f.music, 'cd/cover.jpg'));
  await writeFile(join(f.music, 'cd/cover.png'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await f.scan();
  t.equal(f.song('Song')?.album.coverId, undefined, 'what is no image is no cover');
});

t.test('L9: hostile files are refused by name, and stop nothing', async (t) => {
  const f = await fixture(t);
  await f.make('good.flac', 1, { title: 'Good' });
  await f.make('cut.mp3', 2, {}, ['-c:a', 'libmp3lame', '-b:a', '128k']);
  await truncate(join(f.music, 'cut.mp3'), 9000);
  await writeFile(join(f.music, 'empty.mp3'), '');
  await writeFile(join(f.music, 'text.mp3'), 'no music '.repeat(10_000));
  await writeFile(join(f.music, 'huge.wav'), '');
  await truncate(join(f.music, 'huge.wav'), 5 * 1024 ** 3);
  await writeFile(join(f.music, 'zeros.mp3'), '');
  await truncate(join(f.music, 'zeros.mp3'), 3 * 1024 ** 3);
  await writeFile(join(f.music, 'claims.mp3'), Buffer.from('ID3\x04\0\0\x7f\x7f\x7f\x7fTIT2', 'latin1'));
  await writeFile(
    join(f.music, 'box.m4a'),
    Buffer.from(`${'\0\0\0\x20ftypM4A '.padEnd(32, '\0')}\0\0\0\x08moov`, 'latin1'),
  );
  await symlink('/etc/passwd', join(f.music, 'link.flac'));
  await symlink('/nowhere', join(f.music, 'broken.flac'));
  await symlink(f.dir, join(f.music, 'up'));
  execFileSync('mkfifo', [join(f.music, 'pipe.flac')]);
  await mkdir(join(f.music, 'words'));
  await f.make('words/song.flac', 3, { title: 'Words' });
  execFileSync('mkfifo', [join(f.music, 'words/song.lrc'), join(f.music, 'words/cover.jpg')]);
  let deep = f.music;
  for (let i = 0; i < 40; i++) deep = join(deep, 'd');
  await mkdir(deep, { recursive: true });
  await copyFile(join(f.music, 'good.flac'), join(deep, 'deep.flac'));
  if (process.platform === 'linux') {
    const name = Buffer.concat([Buffer.from(`${f.music}/caf`), Buffer.of(0xe9), Buffer.from('.flac')]);
    await writeFile(name, await readFile(join(f.music, 'good.flac')));
  }
  t.match(await f.scan(), { released: 2, gone: 0 });
  const {
    [Object.keys(await f.refusals()).find((path) => path.startsWith('d/')) ?? '']: tooDeep,
    ...refused
  } = await f.refusals();
  t.equal(tooDeep, 'TOO_DEEP');
  t.same(refused, {
    'box.m4a': 'NOT_MUSIC',
    'broken.flac': 'SYMLINK_BROKEN',
    ...(process.platform === 'linux' && { 'caf\ufffd.flac': 'UNREADABLE' }),
    'claims.mp3': 'NOT_MUSIC',
    'cut.mp3': 'TRUNCATED',
    'empty.mp3': 'EMPTY',
    'huge.wav': 'TOO_LARGE',
    'link.flac': 'SYMLINK_LEAVES_FOLDER',
    'pipe.flac': 'NOT_A_FILE',
    'text.mp3': 'NOT_MUSIC',
    up: 'SYMLINK_LEAVES_FOLDER',
    'words/cover.jpg': 'NOT_A_FILE',
    'words/song.lrc': 'NOT_A_FILE',
    'zeros.mp3': 'NOT_MUSIC',
  });
  await f.make('cut.mp3', 2, { title: 'Whole' });
  await rm(join(f.music, 'text.mp3'));
  t.match(await f.scan(), { released: 1 });
  t.ok(f.song('Whole'));
  t.same(
    Object.keys(await f.refusals()).filter((path) => ['cut.mp3', 'text.mp3'].includes(path)),
    [],
    'what was mended is no longer refused',
  );
});

t.test('L10: names of any letters are found again in the order of the table', async (t) => {
  const f = await fixture(t);
  const names = [
    'a b/x',
    'a-b/x',
    'a/x',
    'ab',
    'a',
    'é',
    'Z',
    '\u{1f3b5} tune',
    '\uff01',
    '日本',
    'a!',
    "a'",
    '#',
    '~',
  ];
  for (const [i, name] of names.entries()) await f.make(`${name}.mp3`, i + 1, { title: name });
  t.match(await f.scan(), { released: names.length });
  t.match(await f.scan(), { released: 0, unchanged: names.length, gone: 0 });
  await rm(join(f.music, 'a-b/x.mp3'));
  t.match(await f.scan({ under: 'a-b' }), { gone: 1, unchanged: 0 });
  t.match(await f.scan({ under: 'a' }), { gone: 0, unchanged: 1 }, 'only what lies below');
});

t.test('L11: a file that is still written is left until it has settled', async (t) => {
  const f = await fixture(t);
  const path = await f.make('a.mp3', 1, { title: 'A' });
  t.match(await f.scan({ settleMs: 60_000 }), { unsettled: 1, released: 0 });
  await utimes(path, 1, 1);
  t.match(await f.scan({ settleMs: 60_000 }), { unsettled: 1 }, 'whatever time it claims to be of');
  t.match(await f.scan({ settleMs: 0 }), { released: 1 });
});

t.test('L12: what was packaged ahead before keeps its id', async (t) => {
  const f = await fixture(t);
  const path = await f.make('a.mp3', 1, { title: 'A' });
  await f.ingest.files.put(digestOf(path), [], {
    state: await fileState({ path }, {}),
    songId: 'x'.repeat(22),
  });
  await f.scan();
  t.equal(f.song('A')?.songId, 'x'.repeat(22));
});

t.test('L13: folders: none inside another, none of the service itself', async (t) => {
  const f = await fixture(t);
  await f.make('a/one.mp3', 1, { title: 'One' });
  await f.scan();
  t.same(await f.library.add(join(f.music, 'a')), { folderId: f.folderId, under: 'a' });
  await t.rejects(f.library.add('/'), { code: 'FOLDER_IS_ROOT' });
  await t.rejects(f.library.add(f.dir), { code: 'FOLDER_HOLDS_DATA' });
  await t.rejects(f.library.add(join(f.dir, 'data')), { code: 'FOLDER_HOLDS_DATA' });
  await t.rejects(f.library.add(join(f.dir, 'nowhere')), { code: 'IMPORT_FOLDER_NOT_FOUND' });
  await f.library.remove(f.folderId);
  t.same(await f.library.folders(), []);
  t.equal(f.songs().length, 0);
  const inner = await f.library.add(join(f.music, 'a'));
  await f.library.scan(inner.folderId);
  const songId = f.song('One')?.songId;
  const outer = await f.library.add(f.music);
  t.same(
    (await f.library.folders()).map(({ path }) => path),
    [f.music],
    'the one around it takes it over',
  );
  t.match(await f.library.scan(outer.folderId), { unchanged: 1, released: 0, gone: 0 });
  t.equal(f.song('One')?.songId, songId);
});

t.test('L14: a look that was broken off is completed by the next one', async (t) => {
  const f = await fixture(t);
  for (let i = 0; i < 4; i++)
    await f.make(`${i}.mp3`, i + 1, { title: `${i}`, artist: 'Ana', album: 'A', album_artist: 'Ana' });
  const real = f.catalog.releaseMany.bind(f.catalog);
  f.catalog.releaseMany = async () => {
    throw new Error('power cut');
  };
  await t.rejects(f.scan(), { message: 'power cut' });
  f.catalog.releaseMany = real;
  t.match(await f.scan(), { released: 4, unchanged: 0 });
  t.equal(f.songs().length, 4);
});
