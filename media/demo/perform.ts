/** Plays a track of the demo from its seed: score, band, mix, master. */
import type { DemoTrack } from './album.ts';
import { barsOf, beatSecOf, secondsOf, type TimedLine, timedLines } from './score.ts';
import { samplesOf } from './synth/dsp.ts';
import { fadeEnds, master } from './synth/master.ts';
import { seeded } from './synth/random.ts';
import { type Stereo, Studio } from './synth/studio.ts';

const EDGE_FADE_SEC = 0.008;
const OUTRO_FADE_SEC = 1.5;

/** 44.1 kHz; `bars` shortens it for tests. The same seed gives the same samples. */
export function perform(track: DemoTrack, seed: string, bars = Number.POSITIVE_INFINITY): Stereo {
  const { song } = track;
  const { band } = song;
  const studio = new Studio({
    seconds: secondsOf(song),
    random: seeded(seed, song.key, song.bpm),
    echoSec: band.echoBeats * beatSecOf(song),
    ...(band.echoFeedback !== undefined && { echoFeedback: band.echoFeedback }),
    hallSec: band.hallSec,
  });
  for (const bar of barsOf(song, seed).slice(0, bars)) band.play(studio, bar);
  const mix = studio.mix();
  master(mix, band.targetLufs, band.stereoWidth);
  // The whole piece is faded before it is cut: the ends that meet stay open.
  fadeEnds(mix, {
    fadeInSec: band.fadeInSec ?? EDGE_FADE_SEC,
    fadeOutSec: band.fadeOutSec ?? OUTRO_FADE_SEC,
  });
  return cut(mix, track);
}

/** The words of a track with the times at which they are sung; empty for instrumentals. */
export const lyricsOf = ({ song }: DemoTrack, seed: string): TimedLine[] =>
  timedLines(barsOf(song, seed), song);

function cut({ left, right }: Stereo, { song, part }: DemoTrack): Stereo {
  if (!part) return { left, right };
  const barSec = song.beatsPerBar * beatSecOf(song);
  const from = samplesOf(part.fromBar * barSec);
  const until = part.untilBar === undefined ? left.length : samplesOf(part.untilBar * barSec);
  return { left: left.subarray(from, until), right: right.subarray(from, until) };
}
