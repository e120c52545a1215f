/** A 16-bit WAV file, dithered: triangular noise of one step turns rounding errors into hiss below hearing. */
import type { Random } from '../../../kit/sources.ts';
import { SAMPLE_RATE } from './dsp.ts';
import type { Stereo } from './studio.ts';

const HEADER_BYTES = 44;
const FRAME_BYTES = 4;

export function wavOf({ left, right }: Stereo, random: Random): Buffer {
  const dataBytes = left.length * FRAME_BYTES;
  const out = Buffer.alloc(HEADER_BYTES + dataBytes);
  out.write('RIFF', 0, 'latin1');
  out.writeUInt32LE(HEADER_BYTES - 8 + dataBytes, 4);
  out.write('WAVEfmt ', 8, 'latin1');
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20);
  out.writeUInt16LE(2, 22);
  out.writeUInt32LE(SAMPLE_RATE, 24);
  out.writeUInt32LE(SAMPLE_RATE * FRAME_BYTES, 28);
  out.writeUInt16LE(FRAME_BYTES, 32);
  out.writeUInt16LE(16, 34);
  out.write('data', 36, 'latin1');
  out.writeUInt32LE(dataBytes, 40);
  const samples = new Int16Array(out.buffer, out.byteOffset + HEADER_BYTES, left.length * 2);
  for (let i = 0; i < left.length; i++) {
    samples[2 * i] = Math.round((left[i] as number) * 32_767 + random.next() - random.next());
    samples[2 * i + 1] = Math.round((right[i] as number) * 32_767 + random.next() - random.next());
  }
  return out;
}
