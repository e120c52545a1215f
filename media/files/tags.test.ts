/**
 * Goal: what tags say becomes a description that the catalogue takes.
 * Method: files of several formats tagged by ffmpeg, and tags made up by hand where ffmpeg cannot write them.
 */
import type { IAudioMetadata } from 'music-metadata';
import t from 'tap';
import { findFfmpeg } from '../ingest/ffmpeg.ts';
import { probe } from '../ingest/probe.ts';
import { makeMusic } from '../ingest/testing/music.ts';
import { describe, readTags } from './tags.ts';

const ffmpeg = await findFfmpeg();
const tagsOf = (common: Partial<IAudioMetadata['common']>, native: object = {}): IAudioMetadata =>
  ({ common, native, format: {}, quality: {} }) as unknown as IAudioMetadata;

t.test('tags are read alike from every tagging scheme', async (t) => {
  const folder = t.testdir();
  const tags = {
    title: 'Song',
    artist: 'Ana',
    album: 'First',
    album_artist: 'Ana & Co',
    track: '3/9',
    disc: '2/2',
    date: '1999-05-04',
    genre: 'Rock; Pop',
    composer: 'Bo',
  };
  for (const name of ['a.flac', 'a.mp3', 'a.ogg', 'a.m4a']) {
    const path = await makeMusic(ffmpeg, folder, name, { samples: 44100, tags });
    const description = describe(path, await readTags(await probe(path, ffmpeg)));
    t.match(
      description,
      {
        title: 'Song',
        artists: ['Ana'],
        album: { title: 'First', artists: ['Ana & Co'], type: 'album' },
        trackNumber: 3,
        discNumber: 2,
        year: 1999,
        genres: ['Rock', 'Pop'],
      },
      name,
    );
    t.match(description.credits, [
      { role: 'performer', name: 'Ana', shareBp: 10_000 },
      { role: 'songwriter', name: 'Bo', shareBp: 0 },
    ]);
  }
});

t.test('the identity of a sound does not hang on its tags', async (t) => {
  const folder = t.testdir();
  for (const extension of ['flac', 'mp3', 'ogg', 'opus', 'm4a', 'wav']) {
    const [plain, tagged, other] = await Promise.all([
      makeMusic(ffmpeg, folder, `plain.${extension}`, { samples: 44100 }),
      makeMusic(ffmpeg, folder, `tagged.${extension}`, { samples: 44100, tags: { title: 'T', artist: 'A' } }),
      makeMusic(ffmpeg, folder, `other.${extension}`, { samples: 44100, seed: 2 }),
    ]);
    const digests = [];
    for (const path of [plain, tagged, other]) digests.push((await probe(path, ffmpeg)).audioDigest);
    t.equal(digests[0], digests[1], extension);
    t.not(digests[0], digests[2], extension);
  }
});

t.test('what tags leave out comes from the name', async (t) => {
  t.match(describe('/m/03 - Ana - Song_One.mp3', undefined), {
    title: 'Song One',
    artists: ['Ana'],
    album: { title: 'Song One', artists: ['Ana'], type: 'single' },
  });
  t.match(describe('/m/99 Luftballons.mp3', undefined), {
    title: 'Luftballons',
    artists: ['Unknown Artist'],
  });
  t.match(describe('/m/1999.mp3', undefined), { title: '1999' });
});

t.test('albums stay together', async (t) => {
  const album = (common: Partial<IAudioMetadata['common']>) => describe('/m/x.mp3', tagsOf(common)).album;
  t.same(album({ album: 'A', artists: ['Ana feat. Bo'] }).artists, ['Ana']);
  t.same(album({ album: 'A', artists: ['Ana'], compilation: true }).artists, ['Various Artists']);
  t.equal(album({ album: 'A', artists: ['Ana'], compilation: true }).type, 'compilation');
  t.equal(album({ album: 'A', artists: ['Ana'], releasetype: ['EP'] }).type, 'ep');
});

t.test('shares of performers sum to the whole', async (t) => {
  const { credits } = describe('/m/x.mp3', tagsOf({ artists: ['A', 'B', 'C'] }));
  t.same(
    credits.map((credit) => credit.shareBp),
    [3334, 3333, 3333],
  );
});

t.test('odd values are left out', async (t) => {
  const description = describe(
    '/m/x.mp3',
    tagsOf(
      {
        title: `  A\u0000B\n${'x'.repeat(600)}`,
        isrc: ['nonsense', 'us-rc1-76-07839'],
        year: 12_345,
        date: '1965',
        language: 'not a language!',
        genre: ['', 'Rock'],
      },
      { 'ID3v2.4': [{ id: 'TXXX:ITUNESADVISORY', value: '1' }] },
    ),
  );
  t.equal(description.title.length, 500);
  t.match(description.title, /^A B x/);
  t.equal(description.isrc, 'USRC17607839');
  t.equal(description.year, undefined);
  t.equal(description.album.releasedAtMs, undefined, 'times before 1970 cannot be told');
  t.equal(description.language, undefined);
  t.same(description.genres, ['Rock']);
  t.equal(description.explicit, true);
});
