import { randomBytes } from 'node:crypto';
import t from 'tap';
import { id3Bytes, sniff } from './sniff.ts';

t.test('text, pictures and AAC streams are no music', async (t) => {
  for (const head of [
    Buffer.from('#EXTM3U\nfile:///etc/passwd'),
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
    Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc]),
    Buffer.alloc(4096, 0xff),
    Buffer.from('RIFF....WEBPVP8 '),
    Buffer.alloc(0),
  ]) {
    t.equal(sniff(head), undefined);
  }
});

t.test('one MP3 frame header is chance, two in a row are music', async (t) => {
  const frame = Buffer.alloc(417);
  frame.writeUInt32BE(0xfffb9000);
  const end = Buffer.alloc(10);
  t.equal(sniff(Buffer.concat([frame, end])), undefined);
  t.equal(sniff(Buffer.concat([Buffer.from('junk'), frame, frame, end])), 'mp3');
});

t.test('an ID3 tag is measured in seven bits a byte', async (t) => {
  t.equal(id3Bytes(Buffer.from([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 2, 1])), 10 + 257);
  t.equal(id3Bytes(randomBytes(9)), 0);
});
