/**
 * How a song is cut, which follows from its length alone: playlists, keys and init sections can be told before
 * a single frame is encoded, and what one encoder cut in haste fits what another one stores later.
 */
import { RUNGS, type Rung } from '../../actors/catalog/contract.ts';
import { FIRST_SEGMENT_TARGET_MS, LAST_SEGMENT_MS_MIN, SEGMENT_TARGET_MS } from '../../config/limits.ts';
import { initSection, sampleDescription } from './mp4/write.ts';
import { CODEC, FRAME_SAMPLES, type RenditionLayout, type TrackLayout } from './types.ts';

/** Samples that every AAC encoder of ours puts before the music: one frame. */
export const PRIMING_SAMPLES = FRAME_SAMPLES;

/** 24 kbit/s are not enough for two channels. */
export const channelsOf = (rung: Rung): 1 | 2 => (rung === 24 ? 1 : 2);

/** Both rates keep segments of whole frames near their target; the source's nearest relative costs least quality. */
export const outputRateOf = (sourceRate: number): number => (sourceRate % 11025 === 0 ? 44100 : 48000);

/** Frames that `samples` of music become: the priming, and a last one filled up. */
export const framesOfMusic = (samples: number): number =>
  Math.ceil((samples + PRIMING_SAMPLES) / FRAME_SAMPLES);

/**
 * Frames of each segment. The first one is short, since sound waits for all of it. A last one of a few frames
 * goes to the one before: hls.js looks for segments with a tolerance of 250 ms, and takes a shorter one at the
 * end for missing, so that the song never ends.
 */
export function segmentFrames(frames: number, sampleRate: number): number[] {
  const framesIn = (ms: number): number => Math.ceil((ms * sampleRate) / 1000 / FRAME_SAMPLES);
  const cut: number[] = [];
  for (let left = frames; left > 0; ) {
    const target = framesIn(cut.length === 0 ? FIRST_SEGMENT_TARGET_MS : SEGMENT_TARGET_MS);
    const rest = left - target;
    const take = rest < framesIn(LAST_SEGMENT_MS_MIN) ? left : target;
    cut.push(take);
    left -= take;
  }
  return cut;
}

/** What a rung's bit rate comes to when encrypted in segments, before it is known. */
const OVERHEAD = 1.04;
const PEAK = 1.15;

/** A song's layout before it is encoded. */
export function plannedLayout(songId: string, samples: number, sampleRate: number): TrackLayout {
  const segments = segmentFrames(framesOfMusic(samples), sampleRate).map((frames) => ({
    samples: frames * FRAME_SAMPLES,
  }));
  const renditionOf = (rung: Rung): RenditionLayout => ({
    rung,
    codec: CODEC,
    channels: channelsOf(rung),
    bandwidthBps: Math.round(rung * 1000 * PEAK),
    averageBps: Math.round(rung * 1000 * OVERHEAD),
    segments,
  });
  return {
    songId,
    durationMs: Math.round((samples * 1000) / sampleRate),
    sampleRate,
    samples,
    priming: PRIMING_SAMPLES,
    renditions: RUNGS.map(renditionOf),
  };
}

/** The init section of a rendition, the same for every encoding of it. */
export const initOf = (
  { sampleRate, samples }: Pick<TrackLayout, 'sampleRate' | 'samples'>,
  { rung, channels }: Pick<RenditionLayout, 'rung' | 'channels'>,
): Buffer => {
  const stsd = sampleDescription({ sampleRate, channels, rung });
  return initSection({ sampleRate, channels, priming: PRIMING_SAMPLES, stsd }, samples);
};
