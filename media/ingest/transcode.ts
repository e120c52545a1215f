/** Step 3: one ffmpeg run makes every rendition, the preview and the waveform's samples, and measures loudness. */
import { join } from 'node:path';
import type { Rung } from '../../actors/catalog/contract.ts';
import {
  INGEST_SONG_MS_MAX,
  INGEST_TRANSCODE_MS_MAX,
  PREVIEW_MS,
  SEGMENT_TARGET_MS,
} from '../../config/limits.ts';
import { RefusedError } from '../files/refusal.ts';
import { outputRateOf } from '../package/layout.ts';
import type { LoudnessMeasure } from '../package/types.ts';
import { type Ffmpeg, inputArgs, runFfmpeg } from './ffmpeg.ts';
import type { Probed } from './probe.ts';

export interface Transcoded {
  /** One fragmented MP4 a rung; every fragment starts at the same sample in all of them. */
  readonly renditions: readonly { readonly rung: Rung; readonly path: string }[];
  readonly previewPath: string;
  readonly previewStartMs: number;
  /** WAVEFORM_RATE_HZ, mono, signed 16-bit little-endian, no header. */
  readonly pcmPath: string;
  readonly loudness?: LoudnessMeasure;
  /** CPU time that ffmpeg took. */
  readonly cpuMs: number;
}

interface RungCoding {
  readonly rung: Rung;
  readonly channels: 1 | 2;
  readonly options: readonly string[];
}

/**
 * The two-loop search is worth its time where bits are few. At 320 kbit/s intensity stereo and noise
 * substitution, which trade fidelity for bits, are off.
 */
const LADDER: readonly RungCoding[] = [
  { rung: 24, channels: 1, options: ['-aac_coder', 'twoloop'] },
  { rung: 96, channels: 2, options: ['-aac_coder', 'twoloop'] },
  { rung: 160, channels: 2, options: ['-aac_coder', 'fast'] },
  { rung: 320, channels: 2, options: ['-aac_coder', 'fast', '-aac_is', '0', '-aac_pns', '0'] },
];

const FRAGMENTED = [
  ...['-movflags', '+delay_moov+default_base_moof+negative_cts_offsets'],
  ...['-frag_duration', String(SEGMENT_TARGET_MS * 1000)],
];
/** Nothing of the source's tags, nor the encoder's name: the same sound gives the same bytes. */
const PLAIN = ['-map_metadata', '-1', '-map_chapters', '-1', '-fflags', '+bitexact', '-flags:a', '+bitexact'];
export const WAVEFORM_RATE_HZ = 8000;
const PREVIEW_KBPS = 96;
/** The preview begins this far into the song, where the first chorus tends to be. */
const PREVIEW_AT = 0.3;

/** @throws RefusedError `DAMAGED`, `TRUNCATED`, `TOO_SLOW` */
export async function transcode(
  probed: Probed,
  ffmpeg: Ffmpeg,
  outputFolder: string,
  signal?: AbortSignal,
): Promise<Transcoded> {
  const renditions = LADDER.map(({ rung }) => ({ rung, path: join(outputFolder, `${rung}.mp4`) }));
  const previewPath = join(outputFolder, 'preview.m4a');
  const pcmPath = join(outputFolder, 'waveform.pcm');
  const durationMs = probed.durationMs ?? 0;
  const previewStartMs = Math.round(
    Math.max(0, Math.min(durationMs * PREVIEW_AT, durationMs - PREVIEW_MS - 1000)),
  );
  const run = await runFfmpeg(
    ffmpeg,
    [
      ...['-benchmark', '-y', '-threads', '1', '-t', String(INGEST_SONG_MS_MAX / 1000 + 1)],
      ...inputArgs(probed.path, probed.demuxer),
      ...['-filter_complex', filterGraph(outputRateOf(probed.sampleRate), previewStartMs)],
      ...LADDER.flatMap((coding) => renditionArgs(coding, join(outputFolder, `${coding.rung}.mp4`))),
      ...['-map', '[preview]', '-c:a', 'aac', '-aac_coder', 'fast', '-b:a', `${PREVIEW_KBPS}k`],
      ...[...PLAIN, '-movflags', '+faststart', '-f', 'mp4', previewPath],
      ...['-map', '[pcm]', '-f', 's16le', pcmPath],
    ],
    INGEST_TRANSCODE_MS_MAX,
    signal,
  );
  if (run.timedOut) throw new RefusedError('TOO_SLOW');
  if (run.exitCode !== 0) throw new RefusedError('DAMAGED');
  const loudness = loudnessOf(run.stderr);
  return {
    renditions,
    previewPath,
    previewStartMs,
    pcmPath,
    cpuMs: cpuMsOf(run.stderr),
    ...(loudness && { loudness }),
  };
}

/** asetpts numbers the samples: a hole in the source's timestamps would shift one rung's segments. */
function filterGraph(rateHz: number, previewStartMs: number): string {
  const seconds = PREVIEW_MS / 1000;
  return [
    `[0:a:0]aformat=sample_fmts=fltp:sample_rates=${rateHz}:channel_layouts=stereo,asetpts=N/SR/TB,asplit=6[measured][both][r96][r160][r320][excerpt]`,
    '[measured]ebur128=peak=true:framelog=verbose,anullsink',
    '[both]aformat=channel_layouts=mono,asplit=2[r24][shape]',
    `[excerpt]atrim=start=${previewStartMs / 1000}:duration=${seconds},asetpts=PTS-STARTPTS,afade=t=in:d=0.5,afade=t=out:st=${seconds - 2}:d=2[preview]`,
    // An outline of some hundred bins needs no long filter.
    `[shape]aresample=${WAVEFORM_RATE_HZ}:filter_size=4,aformat=sample_fmts=s16[pcm]`,
  ].join(';');
}

const renditionArgs = ({ rung, channels, options }: RungCoding, path: string): string[] => [
  ...['-map', `[r${rung}]`, '-c:a', 'aac', ...options, '-b:a', `${rung}k`, '-ac', String(channels)],
  ...[...PLAIN, ...FRAGMENTED, '-f', 'mp4', path],
];

/** ebur128 prints a summary when it starts and one when it ends; silence has no true peak. */
function loudnessOf(stderr: string): LoudnessMeasure | undefined {
  const summary = stderr.slice(stderr.lastIndexOf('Integrated loudness:'));
  const integratedLufs = Number(/I:\s+(-?[\d.]+) LUFS/.exec(summary)?.[1]);
  const truePeakDbtp = Number(/Peak:\s+(-?[\d.]+) dBFS/.exec(summary)?.[1]);
  return Number.isFinite(integratedLufs) && Number.isFinite(truePeakDbtp)
    ? { integratedLufs, truePeakDbtp }
    : undefined;
}

/** User and system time, as `-benchmark` tells it. */
export function cpuMsOf(stderr: string): number {
  const times = /bench: utime=([\d.]+)s(?: stime=([\d.]+)s)?/.exec(stderr);
  return Math.round((Number(times?.[1] ?? 0) + Number(times?.[2] ?? 0)) * 1000);
}
