/**
 * Goal: a folder of music of all formats becomes songs, whatever else lies in it.
 * Method: files made by ffmpeg, damaged by hand, imported into folder-backed engines.
 */
import { copyFile, mkdir, readFile, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import t, { type Test } from 'tap';
import { SongRelease } from '../../actors/catalog/contract.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { systemIds } from '../../kit/sources.ts';
import { problemsOf } from '../../kit/validate.ts';
import { COVER_SIZES_PX, coverColorsKey, coverKey } from '../covers/names.ts';
import { trackKeys } from '../package/names.ts';
import type { PackagedTrack, Waveform } from '../package/types.ts';
import { findFfmpeg } from './ffmpeg.ts';
import { type ImportSummary, importFolder } from './import.ts';
import type { IngestDeps } from './song.ts';
import { FolderObjects, memoryIngestTables, RememberingCatalog } from './testing/engines.ts';
import { makeMusic } from './testing/music.ts';

const ffmpeg = await findFfmpeg();
const SAMPLES = 3 * 44100;

function fixture(t: Test) {
  const root = t.testdir({ music: {}, data: {}, temp: {} });
  const objects = new FolderObjects(join(root, 'data'));
  const catalog = new RememberingCatalog();
  const deps: IngestDeps = {
    objects,
    catalog,
    tables: memoryIngestTables(),
    ids: systemIds,
    ffmpeg,
    tempFolder: join(root, 'temp'),
  };
  const music = join(root, 'music');
  return {
    root,
    music,
    objects,
    catalog,
    deps,
    import: (overrides: Partial<IngestDeps> = {}): Promise<ImportSummary> =>
      importFolder({ folders: [music], deps: { ...deps, ...overrides }, workers: 1 }),
    make: (name: string, seed = 1, tags: Record<string, string> = {}, samples = SAMPLES) =>
      makeMusic(ffmpeg, music, name, { samples, seed, tags }),
  };
}

const refusals = (summary: ImportSummary, music: string): Record<string, string> =>
  Object.fromEntries(summary.refused.map(({ file, code }) => [file.slice(music.length + 1), code]));

t.test('every format is taken in, by content and not by name', async (t) => {
  const f = fixture(t);
  const names = ['a.flac', 'b.mp3', 'c.ogg', 'd.opus', 'e.m4a', 'f.wav', 'g.aiff'];
  for (const [i, name] of names.entries())
    await f.make(name, i + 1, { title: `Song ${name}`, artist: 'Ana' });
  await rename(join(f.music, 'a.flac'), join(f.music, 'a.mp3'));
  await rename(join(f.music, 'b.mp3'), join(f.music, 'b'));
  const summary = await f.import();
  t.same(summary.refused, []);
  t.equal(summary.released, names.length);
  const titles = f.catalog.releases.map((release) => release.title).sort();
  t.same(
    titles,
    // WAV as ffmpeg writes it holds its title in a LIST chunk; AIFF in a NAME chunk.
    names.map((name) => `Song ${name}`),
    'tags are read of every format',
  );
  for (const release of f.catalog.releases) {
    t.same(problemsOf(SongRelease, release), [], 'the catalogue can take it');
    t.ok(Math.abs(release.durationMs - 3000) < 60, `${release.title} lasts ${release.durationMs} ms`);
    t.same(release.rungs, [24, 96, 160, 320]);
    const index: PackagedTrack = JSON.parse(
      await readFile(f.objects.path(trackKeys.index(release.songId)), 'utf8'),
    );
    t.equal(index.renditions[0]?.channels, 1);
    const waveform: Waveform = JSON.parse(
      await readFile(f.objects.path(trackKeys.waveform(release.songId)), 'utf8'),
    );
    t.equal(waveform.peaks.length, 800);
    t.ok(Math.max(...waveform.peaks) > 30 && Math.max(...waveform.peaks) <= 100);
  }
});

t.test('what is no whole music is refused by name, and the rest is imported', async (t) => {
  const f = fixture(t);
  await f.make('good.flac');
  for (const name of ['cut.flac', 'cut.mp3', 'cut.ogg', 'cut.opus', 'cut.m4a', 'cut.wav', 'cut.aiff']) {
    const path = await f.make(name, 2);
    await truncate(path, Math.floor((await readFile(path)).length * 0.6));
  }
  await f.make('short.wav', 1, {}, 2000);
  await writeFile(join(f.music, 'empty.mp3'), '');
  await writeFile(join(f.music, 'text.mp3'), 'This is no music at all.\n'.repeat(1000));
  await writeFile(join(f.music, 'list.m3u8'), '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n');
  await writeFile(join(f.music, 'concat.flac'), "ffconcat version 1.0\nfile '/etc/passwd'\n");
  await writeFile(join(f.music, 'noise.mp3'), Buffer.alloc(5000, 0xff));
  await writeFile(join(f.music, 'head.flac'), 'fLaC and nothing that follows from it');
  await writeFile(join(f.music, 'huge.wav'), '');
  await truncate(join(f.music, 'huge.wav'), 5 * 1024 ** 3);
  await writeFile(join(f.root, 'secret.flac'), 'outside');
  await symlink(join(f.root, 'secret.flac'), join(f.music, 'link.flac'));
  await symlink(join(f.music, 'good.flac'), join(f.music, 'same.flac'));
  await symlink('/nowhere', join(f.music, 'broken.flac'));
  await symlink(f.root, join(f.music, 'up'));
  const summary = await f.import();
  t.same(refusals(summary, f.music), {
    'broken.flac': 'SYMLINK_BROKEN',
    'concat.flac': 'NOT_MUSIC',
    'cut.flac': 'TRUNCATED',
    'cut.aiff': 'TRUNCATED',
    'cut.m4a': 'TRUNCATED',
    'cut.mp3': 'TRUNCATED',
    'cut.ogg': 'TRUNCATED',
    'cut.opus': 'TRUNCATED',
    'cut.wav': 'TRUNCATED',
    'empty.mp3': 'EMPTY',
    'head.flac': 'DAMAGED',
    'huge.wav': 'TOO_LARGE',
    'link.flac': 'SYMLINK_LEAVES_FOLDER',
    'noise.mp3': 'NOT_MUSIC',
    'short.wav': 'TOO_SHORT',
    'text.mp3': 'NOT_MUSIC',
    up: 'SYMLINK_LEAVES_FOLDER',
  });
  t.equal(summary.released, 1);
  for (const { why } of summary.refused) t.match(why, /^It .*[.)]$/, 'each with a sentence');
});

t.test('moved and retagged files keep their song; copies are told', async (t) => {
  const f = fixture(t);
  const tags = { title: 'One', artist: 'Ana', album: 'First' };
  await f.make('one.mp3', 1, tags);
  await f.import();
  const songId = f.catalog.releases[0]?.songId;

  t.equal((await f.import()).unchanged, 1, 'an unchanged file is not looked at again');
  t.equal(f.catalog.releases.length, 1);

  await rename(join(f.music, 'one.mp3'), join(f.music, 'moved.mp3'));
  await f.import();
  t.equal(f.catalog.releases[1]?.songId, songId, 'moved');

  await f.make('moved.mp3', 1, { ...tags, title: 'One (live)', artist: 'ANA' });
  const retagged = await f.import();
  t.equal(f.catalog.releases[2]?.songId, songId, 'retagged');
  t.equal(f.catalog.releases[2]?.title, 'One (live)');
  t.equal(f.catalog.releases[2]?.artists[0]?.artistId, f.catalog.releases[0]?.artists[0]?.artistId);
  t.equal(f.catalog.releases[2]?.album.albumId, f.catalog.releases[0]?.album.albumId);
  t.equal(retagged.encodedMs, 0, 'and not encoded again');

  await f.make('copy.mp3', 1, tags);
  const copied = await f.import();
  t.same(copied.duplicates, [{ file: join(f.music, 'copy.mp3'), of: join(f.music, 'moved.mp3') }]);
});

t.test('copies that two workers meet at once are encoded once', async (t) => {
  const f = fixture(t);
  await f.make('a.wav');
  await copyFile(join(f.music, 'a.wav'), join(f.music, 'b.wav'));
  const summary = await importFolder({ folders: [f.music], deps: f.deps, workers: 2 });
  t.equal(summary.released, 1);
  t.equal(summary.duplicates.length, 1);
  t.equal(f.catalog.releases.length, 1);
  t.equal(f.objects.puts.filter((key) => key.endsWith('/index.json')).length, 1);
});

t.test('lyrics and covers beside the file are taken, and their change is seen', async (t) => {
  const f = fixture(t);
  await f.make('cd/song.flac', 1, { title: 'Song', artist: 'Ana', album: 'Al' });
  await writeFile(join(f.music, 'cd/song.lrc'), '[00:01.50]Hello\n[00:03.00]World');
  const red = { create: { width: 700, height: 500, channels: 3 as const, background: '#c02010' } };
  await writeFile(join(f.music, 'cd/cover.jpg'), await sharp(red).jpeg().toBuffer());
  const summary = await f.import();
  t.equal(summary.total, 1, 'what belongs to a song is no song');
  const release = f.catalog.releases[0];
  t.same(release?.lyrics, {
    songId: release?.songId,
    synced: true,
    lines: [
      { atMs: 1500, text: 'Hello' },
      { atMs: 3000, text: 'World' },
    ],
  });
  const coverId = release?.album.coverId ?? '';
  const colors = JSON.parse(await readFile(f.objects.path(coverColorsKey(coverId)), 'utf8'));
  t.match(colors.background, /^#[bc][0-9a-f]/);
  for (const px of COVER_SIZES_PX) {
    const image = await sharp(f.objects.path(coverKey(coverId, px))).metadata();
    const made = Math.min(px, 500);
    t.same([image.format, image.width, image.height], ['webp', made, made]);
  }
  await writeFile(join(f.music, 'cd/song.lrc'), '[00:02.00]Changed');
  await utimes(join(f.music, 'cd/song.lrc'), 1, 1);
  await f.import();
  t.equal(f.catalog.releases[1]?.lyrics?.lines[0]?.text, 'Changed');
});

t.test('a hostile cover or lyric costs its song nothing', async (t) => {
  const f = fixture(t);
  await f.make('a/a.flac', 1, { title: 'A' });
  await f.make('b/b.flac', 2, { title: 'B' });
  await f.make('c/c.flac', 3, { title: 'C' });
  await writeFile(
    join(f.music, 'a/cover.png'),
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
  );
  const bomb = { create: { width: 9000, height: 9000, channels: 3 as const, background: '#000' } };
  await writeFile(join(f.music, 'b/cover.png'), await sharp(bomb).png().toBuffer());
  await writeFile(join(f.root, 'secret.lrc'), '[00:01.00]secret');
  await symlink(join(f.root, 'secret.lrc'), join(f.music, 'c/c.lrc'));
  t.equal((await f.import()).released, 3);
  for (const release of f.catalog.releases) {
    t.equal(release.album.coverId, undefined);
    t.equal(release.lyrics, undefined);
  }
});

t.test('a crash at any point leaves nothing half-published, and the next run completes it', async (t) => {
  const f = fixture(t);
  await f.make('song.wav', 1, { title: 'Song' });
  class DyingObjects extends FolderObjects {
    readonly dieAt: number;
    constructor(folder: string, dieAt: number) {
      super(folder);
      this.dieAt = dieAt;
    }
    override async put(...[key, content, options]: Parameters<Objects['put']>) {
      if (this.puts.length >= this.dieAt) throw new Error('power cut');
      return super.put(key, content, options);
    }
  }
  for (const dieAt of [0, 1, 4, 6]) {
    const objects = new DyingObjects(join(f.root, 'data'), dieAt);
    await t.rejects(f.import({ objects }), { message: 'power cut' });
    t.equal(f.catalog.releases.length, 0, `nothing released after a death at object ${dieAt}`);
  }
  const away = { release: () => Promise.reject(new UnavailableError('AWAY', 'Try again.')) };
  await t.rejects(f.import({ catalog: away }), { code: 'AWAY' });
  const summary = await f.import();
  t.equal(summary.released, 1);
  t.equal(summary.encodedMs, 0, 'what was packaged before the catalogue was away is not encoded again');
  t.equal(f.catalog.releases.length, 1);
  const songId = f.catalog.releases[0]?.songId ?? '';
  const { encodingId } = JSON.parse(String(await f.objects.get(trackKeys.index(songId)))) as PackagedTrack;
  const renditions = (await Array.fromAsync(f.objects.list('tracks/'))).filter((key) => key.endsWith('.mp4'));
  t.same(
    renditions.filter((key) => !key.startsWith(trackKeys.encoding(songId, encodingId))),
    [],
    'nothing is kept of the encodings that were broken off',
  );
});

t.test('progress counts up to the total', async (t) => {
  const f = fixture(t);
  await f.make('a.wav', 1);
  await f.make('b.wav', 2);
  await writeFile(join(f.music, 'c.mp3'), 'not music');
  const seen: string[] = [];
  await importFolder({
    folders: [f.music],
    deps: f.deps,
    workers: 2,
    onProgress: ({ done, total, refused }) => seen.push(`${done}/${total} ${refused}`),
  });
  t.equal(seen.at(-1), '3/3 1');
});

t.test('a folder that is not there is told before anything is done', async (t) => {
  const f = fixture(t);
  await mkdir(join(f.music, 'x'));
  await t.rejects(importFolder({ folders: [join(f.music, 'gone')], deps: f.deps }), {
    code: 'IMPORT_FOLDER_NOT_FOUND',
  });
});
