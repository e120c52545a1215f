import type { Loudness } from '../../../actors/catalog/contract.ts';
import type { Tags } from '../tags/tags.ts';

/** What a gain of 0 dB stands for: of ReplayGain 2.0, and of Opus (RFC 7845 5.2.1). */
const REPLAY_GAIN_LUFS = -18;
const R128_LUFS = -23;
const [LUFS_MIN, LUFS_MAX] = [-70, 5];
const PEAK_MAX = 8;

/** As tagged for the track or the album, until it is measured. */
export function loudnessOf(tags: Tags, of: 'TRACK' | 'ALBUM'): Loudness | undefined {
  const r128 = /^\s*(-?\d{1,6})\s*$/.exec(tags.first(`R128_${of}_GAIN`) ?? '')?.[1];
  const gain = /^\s*([+-]?\d{1,3}(?:[.,]\d{1,6})?)(?:\s*dB)?\s*$/i.exec(
    tags.first(`REPLAYGAIN_${of}_GAIN`) ?? '',
  )?.[1];
  const lufs =
    r128 !== undefined
      ? R128_LUFS - Number(r128) / 256
      : gain !== undefined
        ? REPLAY_GAIN_LUFS - Number(gain.replace(',', '.'))
        : undefined;
  if (lufs === undefined || lufs < LUFS_MIN || lufs > LUFS_MAX) return undefined;
  const peak = Number(
    /^\s*(\d{1,2}(?:[.,]\d{1,10})?)\s*$/
      .exec(tags.first(`REPLAYGAIN_${of}_PEAK`) ?? '')?.[1]
      ?.replace(',', '.'),
  );
  return {
    integratedLufs: round(lufs),
    ...(peak > 0 && peak <= PEAK_MAX && { truePeakDbtp: round(20 * Math.log10(peak)) }),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
