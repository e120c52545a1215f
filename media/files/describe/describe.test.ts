/**
 * Goal: what tags say becomes a description that the catalogue takes, by the rules of docs/library.md.
 * Method: fields as any scheme gives them; files tagged by ffmpeg in every scheme, and tags made up by hand
 * where ffmpeg cannot write them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import { findFfmpeg } from '../../ingest/ffmpeg.ts';
import { makeMusic } from '../../ingest/testing/music.ts';
import type { SongDescription } from '../description.ts';
import { readMusic } from '../read-file.ts';
import { Tags } from '../tags/tags.ts';
import { describe, frontCover } from './describe.ts';

const ffmpeg = await findFfmpeg();

function described(
  fields: Readonly<Record<string, string | readonly string[]>>,
  path = '/m/x.mp3',
): SongDescription {
  const tags = new Tags();
  for (const [name, value] of Object.entries(fields)) tags.add(name, ...[value].flat());
  return describe(path, tags).description;
}
const read = (path: string): SongDescription =>
  readMusic(path, ({ tags }) => describe(path, tags).description);
const artistsOf = (fields: Parameters<typeof described>[0]): string[] =>
  described(fields).artists.map(({ name }) => name);

t.test('tags are read alike from every tagging scheme', async (t) => {
  const folder = t.testdir();
  const tags = {
    title: 'Söng',
    artist: 'Ana',
    album: 'First',
    album_artist: 'Ana & Co',
    track: '3/9',
    disc: '2/2',
    date: '1999-05-04',
    genre: 'Rock; Pop',
    composer: 'Bo',
  };
  for (const name of ['a.flac', 'a.mp3', 'a.ogg', 'a.opus', 'a.m4a', 'v23.mp3', 'apart.wav', 'apart.aiff']) {
    const args = name.startsWith('v23')
      ? ['-c:a', 'libmp3lame', '-id3v2_version', '3']
      : name.endsWith('aiff')
        ? ['-c:a', 'pcm_s16be', '-write_id3v2', '1']
        : undefined;
    const path = await makeMusic(ffmpeg, folder, name, { samples: 44_100, tags, ...(args && { args }) });
    const said = read(path);
    t.match(
      said,
      {
        title: 'Söng',
        artists: [{ name: 'Ana' }],
        album: { title: 'First', type: 'album' },
        trackNumber: 3,
        year: 1999,
        genres: ['Rock', 'Pop'],
      },
      name,
    );
    if (name.endsWith('wav')) continue;
    t.match(
      said,
      { album: { artists: [{ name: 'Ana & Co' }], releasedAtMs: Date.UTC(1999, 4, 4) }, discNumber: 2 },
      name,
    );
    t.match(said.credits, [
      { role: 'performer', name: 'Ana', shareBp: 10_000 },
      { role: 'composer', name: 'Bo', shareBp: 0 },
    ]);
  }
});

const synchsafe = (n: number): Buffer =>
  Buffer.from([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127]);
function id3(version: 3 | 4, frames: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(frames).map(([id, body]) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    return Buffer.concat([
      Buffer.from(id.slice(0, 4)),
      version === 4 ? synchsafe(body.length) : size,
      Buffer.alloc(2),
      body,
    ]);
  });
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from('ID3'), Buffer.from([version, 0, 0]), synchsafe(body.length), body]);
}
const utf8 = (text: string): Buffer => Buffer.from(`\u0003${text}`);
const utf16 = (text: string): Buffer =>
  Buffer.concat([Buffer.of(1, 0xff, 0xfe), Buffer.from(text, 'utf16le')]);

async function tagged(folder: string, tag: Buffer): Promise<string> {
  const args = ['-c:a', 'libmp3lame', '-id3v2_version', '0'];
  const path = await makeMusic(ffmpeg, folder, 'x.mp3', { samples: 44_100, args });
  await writeFile(path, Buffer.concat([tag, await readFile(path)]));
  return path;
}

t.test('ID3: lists, encodings, people, words and pictures', async (t) => {
  const folder = t.testdir();
  const image = Buffer.from('\x89PNG, or so it says', 'latin1');
  const picture = Buffer.concat([Buffer.from('\0image/png\0\x03front\0', 'latin1'), image]);
  const back = Buffer.concat([Buffer.from('\0image/png\0\x04back\0', 'latin1'), Buffer.from('back')]);
  const lines = Buffer.concat([
    Buffer.from('\x03eng\x02\x01\0', 'latin1'),
    ...[
      ['One', 1500],
      ['Two', 61_250],
    ].map(([text, ms]) => {
      const at = Buffer.alloc(4);
      at.writeUInt32BE(ms as number);
      return Buffer.concat([Buffer.from(`${text}\0`), at]);
    }),
  ]);
  const path = await tagged(
    folder,
    id3(4, {
      TIT2: utf16('Lied für Ölaf'),
      TPE1: utf8('Ana\0Bo'),
      TCON: utf8('17\0(4)Own\0RX'),
      TCMP: utf8('1'),
      TSOP: utf8('Ana, A\0Bo, B'),
      TDOR: utf8('1971-02-03'),
      TIPL: utf8('producer\0Cy\0mix\0Di'),
      TMCL: utf8('violin\0Em'),
      TXXX: utf8(
        'MusicBrainz Artist Id\x0011111111-1111-1111-1111-111111111111\0' +
          '22222222-2222-2222-2222-222222222222',
      ),
      TXXX2: utf8('replaygain_track_gain\0-5.20 dB'),
      TXXX3: utf8('replaygain_track_peak\0' + '1.0'),
      UFID: Buffer.from('http://musicbrainz.org\x0033333333-3333-3333-3333-333333333333'),
      SYLT: lines,
      APIC: back,
      APIC2: picture,
    }),
  );
  const said = read(path);
  t.match(said, {
    title: 'Lied für Ölaf',
    artists: [
      { name: 'Ana', sortName: 'Ana, A', mbid: '11111111-1111-1111-1111-111111111111' },
      { name: 'Bo', sortName: 'Bo, B', mbid: '22222222-2222-2222-2222-222222222222' },
    ],
    genres: ['Rock', 'Disco', 'Own', 'Remix'],
    recordingMbid: '33333333-3333-3333-3333-333333333333',
    loudness: { integratedLufs: -12.8, truePeakDbtp: 0 },
    lyrics: {
      synced: true,
      lines: [
        { atMs: 1500, text: 'One' },
        { atMs: 61_250, text: 'Two' },
      ],
    },
  });
  t.match(said.album, {
    artists: [{ name: 'Various Artists' }],
    type: 'compilation',
    compilation: true,
    originalYear: 1971,
  });
  const roles = said.credits.map(({ role, name, instrument }) =>
    `${role} ${name} ${instrument ?? ''}`.trim(),
  );
  t.same(roles, ['performer Ana', 'performer Bo', 'performer Em violin', 'producer Cy', 'mixer Di']);
  t.same(
    readMusic(path, ({ tags }) => Buffer.from(frontCover(tags)?.read() ?? '')),
    image,
  );
});

t.test('A1: version 2.3 of ID3 makes lists with slashes, and names may hold one', async (t) => {
  const folder = t.testdir();
  t.same(
    read(await tagged(folder, id3(3, { TPE1: utf16('Ana/Bo') }))).artists,
    [{ name: 'Ana/Bo' }],
    'two letters',
  );
  t.same(read(await tagged(folder, id3(3, { TPE1: utf16('Anna/Bert') }))).artists, [
    { name: 'Anna' },
    { name: 'Bert' },
  ]);
  t.same(read(await tagged(folder, id3(3, { TPE1: utf16('AC/DC') }))).artists, [{ name: 'AC/DC' }]);
  t.same(read(await tagged(folder, id3(4, { TPE1: utf8('Anna/Bert') }))).artists, [{ name: 'Anna/Bert' }]);
  const day = read(await tagged(folder, id3(3, { TYER: utf16('2003'), TDAT: utf16('0405') })));
  t.equal(day.album.releasedAtMs, Date.UTC(2003, 4, 4));
});

t.test('A2: several artists', async (t) => {
  t.same(artistsOf({ ARTIST: ['Ana', 'Bo'] }), ['Ana', 'Bo'], 'a field that comes twice');
  t.same(artistsOf({ ARTIST: 'Ana; Bo' }), ['Ana', 'Bo']);
  t.same(artistsOf({ ARTIST: 'Ana / Bo' }), ['Ana', 'Bo']);
  t.same(artistsOf({ ARTIST: 'Simon & Garfunkel' }), ['Simon & Garfunkel']);
  t.same(artistsOf({ ARTIST: 'Tyler, The Creator' }), ['Tyler, The Creator']);
  const listed = described({ ARTIST: 'Ana meets Bo', ARTISTS: ['Ana', 'Bo'] });
  t.same(
    listed.artists.map(({ name }) => name),
    ['Ana', 'Bo'],
  );
  t.equal(listed.displayArtist, 'Ana meets Bo', 'the credit is shown as tagged');
});

t.test('A3: guests are artists of the song, and the title is shown without them', async (t) => {
  for (const title of [
    'Song (feat. Bo & Cy)',
    'Song [ft. Bo, Cy]',
    'Song feat. Bo & Cy',
    'Song (Featuring Bo and Cy)',
  ]) {
    const said = described({ TITLE: title, ARTIST: 'Ana', ALBUM: 'A' });
    t.equal(said.title, 'Song');
    t.same(
      said.artists.map(({ name }) => name),
      ['Ana', 'Bo', 'Cy'],
      title,
    );
    t.equal(said.displayArtist, 'Ana feat. Bo, Cy');
    t.same(said.album.artists, [{ name: 'Ana' }]);
  }
  const said = described({ TITLE: 'Song (Live)', ARTIST: 'Ana feat. Bo' });
  t.same([said.title, said.displayArtist], ['Song (Live)', 'Ana feat. Bo']);
  t.same(
    said.artists.map(({ name }) => name),
    ['Ana', 'Bo'],
  );
  t.equal(described({ TITLE: 'Song (feat. Bo) [Live]', ARTIST: 'Ana' }).title, 'Song [Live]');
  t.equal(described({ TITLE: 'Defeat. Again' }).title, 'Defeat. Again');
});

t.test('A4: who an album is by', async (t) => {
  const album = (fields: Parameters<typeof described>[0]) =>
    described({ ALBUM: 'A', ARTIST: 'Ana', ...fields }).album;
  t.same(album({ ALBUMARTIST: ['Ana', 'Bo'] }).artists, [{ name: 'Ana' }, { name: 'Bo' }]);
  t.same(album({ 'Album Artist': 'Bo' }).artists, [{ name: 'Bo' }], 'however the field is written');
  for (const name of ['Various', 'VA', 'various artists', 'Verschiedene']) {
    t.match(
      album({ ALBUMARTIST: name }),
      { artists: [{ name: 'Various Artists' }], type: 'compilation', compilation: true },
      name,
    );
  }
  t.match(album({ COMPILATION: '1' }), { artists: [{ name: 'Various Artists' }], type: 'compilation' });
  t.match(album({ COMPILATION: '1', ALBUMARTIST: 'Ana' }), {
    artists: [{ name: 'Ana' }],
    type: 'compilation',
  });
  t.same(album({ ARTIST: 'Ana feat. Bo' }).artists, [{ name: 'Ana' }]);
});

t.test('A5: ids are given to names only where there are as many', async (t) => {
  const id = '11111111-1111-1111-1111-111111111111';
  t.same(described({ ARTIST: 'Ana', MUSICBRAINZ_ARTISTID: id }).artists, [{ name: 'Ana', mbid: id }]);
  t.same(described({ ARTIST: 'Ana & Bo', MUSICBRAINZ_ARTISTID: [id, id.replaceAll('1', '2')] }).artists, [
    { name: 'Ana & Bo' },
  ]);
});

t.test('D: discs, boxes, singles', async (t) => {
  const at = (path: string, fields: Parameters<typeof described>[0]) => {
    const { album, discNumber, trackNumber } = described({ ARTIST: 'Ana', ...fields }, path);
    return [album.title, discNumber, trackNumber, album.discTitles?.[discNumber], album.type];
  };
  t.same(at('/m/Box/CD2/01.mp3', { ALBUM: 'Box', TRACKNUMBER: '1' }), ['Box', 2, 1, undefined, 'album']);
  t.same(at('/m/Box/Disc 3 - Live/01.mp3', { ALBUM: 'Box' }), ['Box', 3, 0, 'Live', 'album']);
  t.same(
    at('/m/Box/CD2/01.mp3', { ALBUM: 'Box', DISCNUMBER: '4/5' }),
    ['Box', 4, 0, undefined, 'album'],
    'tags first',
  );
  t.same(at('/m/x.mp3', { ALBUM: 'Box (Disc 2: Live)' }), ['Box', 2, 0, 'Live', 'album']);
  t.same(at('/m/x.mp3', { ALBUM: 'Box [CD1]' }), ['Box', 1, 0, undefined, 'album']);
  t.same(at('/m/x.mp3', { ALBUM: 'Box, Disc 2' }), ['Box', 2, 0, undefined, 'album']);
  t.same(at('/m/x.mp3', { ALBUM: 'Disc 2' }), ['Disc 2', 1, 0, undefined, 'album'], 'a title of its own');
  t.same(at('/m/x.mp3', { ALBUM: 'Box', DISCSUBTITLE: 'Demos', TRACKNUMBER: '03/12' }), [
    'Box',
    1,
    3,
    'Demos',
    'album',
  ]);
  t.same(at('/m/x.mp3', { ALBUM: 'Song - Single' }), ['Song', 1, 0, undefined, 'single']);
  t.same(at('/m/x.mp3', { ALBUM: 'Four - EP' }), ['Four', 1, 0, undefined, 'ep']);
  t.same(at('/m/x.mp3', { ALBUM: 'A', RELEASETYPE: 'album; live' }), ['A', 1, 0, undefined, 'album']);
  t.same(at('/m/x.mp3', { TITLE: 'Alone' }), ['Alone', 1, 0, undefined, 'single']);
});

t.test('C: classical works', async (t) => {
  const said = described({
    TITLE: 'Symphony No. 5: I. Allegro',
    ARTIST: ['Ludwig van Beethoven', 'Wiener Philharmoniker'],
    ALBUMARTIST: 'Ludwig van Beethoven',
    ALBUM: 'Symphonies',
    COMPOSER: 'Ludwig van Beethoven',
    CONDUCTOR: 'Carlos Kleiber',
    ORCHESTRA: 'Wiener Philharmoniker',
    WORK: 'Symphony No. 5',
    MOVEMENTNAME: 'Allegro con brio',
    MOVEMENT: '1/4',
  });
  t.match(said, { work: 'Symphony No. 5', movement: { name: 'Allegro con brio', number: 1, total: 4 } });
  const roles = said.credits.map(({ role, name }) => `${role} ${name}`);
  t.ok(
    roles.includes('composer Ludwig van Beethoven') &&
      roles.includes('conductor Carlos Kleiber') &&
      roles.includes('orchestra Wiener Philharmoniker'),
  );
});

t.test('loudness from ReplayGain and from Opus', async (t) => {
  t.same(described({ REPLAYGAIN_TRACK_GAIN: '+2.00 dB' }).loudness, { integratedLufs: -20 });
  t.same(described({ R128_TRACK_GAIN: '-512' }).loudness, { integratedLufs: -21 });
  t.same(described({ ALBUM: 'A', REPLAYGAIN_ALBUM_GAIN: '-7,5 dB' }).album.loudness, {
    integratedLufs: -10.5,
  });
  for (const odd of ['', 'loud', '-900 dB', '1e9', '--1'])
    t.equal(described({ REPLAYGAIN_TRACK_GAIN: odd }).loudness, undefined, odd);
});

t.test('dates: of this edition and of the music', async (t) => {
  t.match(described({ ALBUM: 'A', DATE: '2011-09-26', ORIGINALDATE: '1973-03-01' }), {
    year: 2011,
    album: { originalYear: 1973, releasedAtMs: Date.UTC(2011, 8, 26) },
  });
  t.match(described({ ALBUM: 'A', DATE: '1984' }), {
    year: 1984,
    album: { releasedAtMs: Date.UTC(1984, 0, 1) },
  });
  t.equal(described({ DATE: '2011-99-99' }).album.releasedAtMs, Date.UTC(2011, 0, 1));
});

t.test('what tags leave out comes from the name', async (t) => {
  t.match(described({}, '/m/03 - Ana - Song_One.mp3'), {
    title: 'Song One',
    artists: [{ name: 'Ana' }],
    album: { title: 'Song One', artists: [{ name: 'Ana' }], type: 'single' },
  });
  t.match(described({}, '/m/99 Luftballons.mp3'), {
    title: 'Luftballons',
    artists: [{ name: 'Unknown Artist' }],
  });
  t.match(described({}, '/m/1999.mp3'), { title: '1999' });
});

t.test('shares of artists sum to the whole', async (t) => {
  t.same(
    described({ ARTIST: ['A', 'B', 'C'] }).credits.map(({ shareBp }) => shareBp),
    [3334, 3333, 3333],
  );
});

t.test('odd values are left out', async (t) => {
  const said = described({
    TITLE: `  A\nB${'x'.repeat(600)}`,
    ISRC: ['nonsense', 'us-rc1-76-07839'],
    DATE: '12345',
    LANGUAGE: 'not a language!',
    GENRE: ['', 'Rock', 'rock'],
    ITUNESADVISORY: '1',
    TRACKNUMBER: '99999999999999999999/7',
    DISCNUMBER: '-3',
  });
  t.equal(said.title.length, 500);
  t.match(said.title, /^A Bx/);
  t.equal(said.isrc, 'USRC17607839');
  t.same([said.year, said.language, said.trackNumber, said.discNumber], [undefined, undefined, 0, 1]);
  t.same(said.genres, ['Rock']);
  t.equal(said.explicit, true);
  t.equal(
    described({ ALBUM: 'A', DATE: '1965' }).album.releasedAtMs,
    undefined,
    'times before 1970 cannot be told',
  );
});
