import t from 'tap';
import { LYRICS_BYTES_MAX, LYRICS_LINES_MAX } from '../../config/limits.ts';
import { decodeText, parseLyrics } from './lyrics.ts';

t.test('lines are timed, in order, whatever the file holds besides', async (t) => {
  const lrc = [
    '[ar:Ana]',
    '[la:pt-BR]',
    '[00:12.00][00:30.5]Refrain',
    '[00:01]First',
    '[01:02:345] <01:02.40>word <01:02.90>by word',
    '[00:20.00]',
    'a line without a time',
  ].join('\r\n');
  t.same(parseLyrics(lrc), {
    synced: true,
    language: 'pt-BR',
    lines: [
      { atMs: 1000, text: 'First' },
      { atMs: 12000, text: 'Refrain' },
      { atMs: 20000, text: '' },
      { atMs: 30500, text: 'Refrain' },
      { atMs: 62345, text: 'word by word' },
    ],
  });
});

t.test('a positive offset makes the words come earlier, never before the start', async (t) => {
  const lines = parseLyrics('[offset:+1500]\n[00:01.00]One\n[00:10.00]Two')?.lines;
  t.same(lines, [
    { atMs: 0, text: 'One' },
    { atMs: 8500, text: 'Two' },
  ]);
});

t.test('without times they are plain, with their empty lines between verses', async (t) => {
  t.same(parseLyrics('\n\nOne\n\nTwo\n\n'), {
    synced: false,
    lines: [{ text: 'One' }, { text: '' }, { text: 'Two' }],
  });
});

t.test('nothing to sing is nothing', async (t) => {
  t.equal(parseLyrics(''), undefined);
  t.equal(parseLyrics('[ti:Title]\n[00:01.00]\n'), undefined);
});

t.test('hostile lyrics stay within bounds', async (t) => {
  const many = parseLyrics('[00:01.00]x\n'.repeat(LYRICS_LINES_MAX + 100));
  t.equal(many?.lines.length, LYRICS_LINES_MAX);
  const long = parseLyrics(`[00:01.00]${'ü'.repeat(900)}\n`.repeat(1000));
  t.ok(Buffer.byteLength(JSON.stringify(long)) <= LYRICS_BYTES_MAX - 512, 'the catalogue takes them');
  t.ok((long?.lines.length ?? 0) > 100);
  for (const offset of ['-1e999', '1e999', '-1e300', 'x']) {
    t.same(parseLyrics(`[offset:${offset}]\n[00:01.00]x`)?.lines, [{ atMs: 1000, text: 'x' }], offset);
  }
  t.equal(parseLyrics(`[la:en${'-abc'.repeat(20)}]\n[00:01.00]x`)?.language, undefined);
  const odd = parseLyrics(`[00:01.00]\u0000\u001b[31m${'😀'.repeat(900)}`)?.lines[0]?.text ?? '';
  t.ok(odd.length <= 1000 && odd.isWellFormed() && !odd.includes('\u001b'));
});

t.test('text is read in the encodings that people have', async (t) => {
  t.equal(decodeText(Buffer.from('\ufeffñ', 'utf8')), 'ñ');
  t.equal(decodeText(Buffer.from('\ufeffñ', 'utf16le')), 'ñ');
  t.equal(decodeText(Buffer.from([0xf1])), 'ñ', 'Windows-1252');
});
