// Goal: a song is served from its best file that is there. Method: rows in the embedded tables, files on disk.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { enginesOf } from '../../test/doubles/engines.ts';
import { byQuality, createBestFile, type SongFile } from './song-file.ts';
import { openLibraryTables } from './tables.ts';

const flac: SongFile = {
  path: '/music/a.flac',
  format: 'flac',
  demuxer: 'flac',
  mimeType: 'audio/flac',
  codec: 'flac',
  lossless: true,
  sampleRate: 44_100,
  bitDepth: 16,
  channels: 2,
  samples: 44_100,
  durationMs: 1000,
  bytes: 90_000,
  kbps: 720,
};
const mp3: SongFile = {
  ...flac,
  path: '/music/a.mp3',
  format: 'mp3',
  codec: 'mp3',
  lossless: false,
  kbps: 320,
};

t.test('lossless before lossy, finer before coarser, small before large', (t) => {
  const best = (...files: SongFile[]): string | undefined => files.sort(byQuality)[0]?.path;
  t.equal(best({ ...mp3, kbps: 900 }, flac), flac.path);
  t.equal(best(flac, { ...flac, bitDepth: 24, path: '24' }), '24');
  t.equal(best(flac, { ...flac, sampleRate: 96_000, path: '96' }), '96');
  t.equal(best(mp3, { ...mp3, kbps: 128, path: '128' }), mp3.path);
  t.equal(best(flac, { ...flac, bytes: 80_000, path: 'small' }), 'small');
  t.equal(best({ ...flac, path: 'b' }, { ...flac, path: 'a' }), 'a');
  t.end();
});

t.test('what is gone or changed is passed over', async (t) => {
  const folder = t.testdir({ 'a.flac': 'x'.repeat(9), 'a.mp3': 'y'.repeat(3) });
  const { tables } = await enginesOf(t);
  const bestFile = createBestFile(tables);
  const { songFiles } = openLibraryTables(tables);
  t.equal(await bestFile('song'), undefined);
  await songFiles.put('song', ['1'], { ...flac, path: join(folder, 'a.flac'), bytes: 9 });
  await songFiles.put('song', ['2'], { ...mp3, path: join(folder, 'a.mp3'), bytes: 3 });
  t.equal((await bestFile('song'))?.format, 'flac');
  await writeFile(join(folder, 'a.flac'), 'another');
  t.equal((await bestFile('song'))?.format, 'mp3');
  await rm(join(folder, 'a.mp3'));
  t.equal(await bestFile('song'), undefined);
});
