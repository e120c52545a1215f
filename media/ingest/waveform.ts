/** The outline of a song that a player draws behind its position. */
import { WAVEFORM_BINS } from '../../config/limits.ts';
import type { Waveform } from '../package/types.ts';

export const PCM_SAMPLE_BYTES = 2;
const FULL_SCALE = 32768;

/**
 * @param pcm mono, signed 16-bit little-endian, in chunks, so that no song holds up the event loop
 * @param samples how many there will be; what comes in excess belongs to the last bin
 */
export async function waveformOf(
  pcm: AsyncIterable<Buffer>,
  samples: number,
  durationMs: number,
): Promise<Waveform> {
  const bins = Math.max(1, Math.min(WAVEFORM_BINS, samples));
  const highest = new Array<number>(bins).fill(0);
  let index = 0;
  let odd = Buffer.alloc(0);
  for await (const chunk of pcm) {
    const bytes = odd.length > 0 ? Buffer.concat([odd, chunk]) : chunk;
    const whole = bytes.length - (bytes.length % PCM_SAMPLE_BYTES);
    for (let at = 0; at < whole; at += PCM_SAMPLE_BYTES) {
      const bin = Math.min(bins - 1, Math.floor((index++ * bins) / samples));
      highest[bin] = Math.max(highest[bin] ?? 0, Math.abs(bytes.readInt16LE(at)));
    }
    odd = Buffer.from(bytes.subarray(whole));
  }
  return { version: 1, durationMs, peaks: highest.map((peak) => Math.round((100 * peak) / FULL_SCALE)) };
}
