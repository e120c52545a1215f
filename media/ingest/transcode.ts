/** Step 3: one ffmpeg run makes every rendition, the preview and the waveform's samples, and measures loudness. */
import { join } from 'node:path';
import { RUNGS, type Rung } from '../../actors/catalog/contract.ts';
import {
  INGEST_SONG_MS_MAX,
  INGEST_TRANSCODE_MS_MAX,
  PREVIEW_MS,
  SEGMENT_TARGET_MS,
} from '../../config/limits.ts';
import { RefusedError } from '../files/refusal.ts';
import { channelsOf, outputRateOf } from '../package/layout.ts';
import type { LoudnessMeasure } from '../package/types.ts';
import { type Ffmpeg, type FfmpegRunOptions, inputArgs, runFfmpeg } from './ffmpeg.ts';
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

export interface TranscodeSource extends Pick<Probed, 'path' | 'demuxer' | 'sampleRate' | 'durationMs'> {
  /** Where given, every rendition lasts exactly this long at its own sample rate, whatever decoding gives. */
  readonly outputSamples?: number;
}

/**
 * The two-loop search is worth its time where bits are few. At 320 kbit/s intensity stereo and noise
 * substitution, which trade fidelity for bits, are off.
 */
const CODERS: Readonly<Record<Rung, readonly string[]>> = {
  24: ['-aac_coder', 'twoloop'],
  96: ['-aac_coder', 'twoloop'],
  160: ['-aac_coder', 'fast'],
  320: ['-aac_coder', 'fast', '-aac_is', '0', '-aac_pns', '0'],
};

/** @param hasty while someone waits: at 96 kbit/s the search costs more time than it gives sound */
export const encoderArgs = (rung: Rung, hasty = false): string[] => [
  ...['-c:a', 'aac', ...(hasty && rung === 96 ? CODERS[160] : CODERS[rung])],
  ...['-b:a', `${rung}k`, '-ac', String(channelsOf(rung)), ...PLAIN],
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
  source: TranscodeSource,
  ffmpeg: Ffmpeg,
  outputFolder: string,
  options?: FfmpegRunOptions,
): Promise<Transcoded> {
  const renditions = RUNGS.map((rung) => ({ rung, path: join(outputFolder, `${rung}.mp4`) }));
  const previewPath = join(outputFolder, 'preview.m4a');
  const pcmPath = join(outputFolder, 'waveform.pcm');
  const previewStartMs = previewStartOf(source.durationMs ?? 0);
  const run = await runFfmpeg(
    ffmpeg,
    [
      ...['-benchmark', '-y', '-threads', '1', '-t', String(INGEST_SONG_MS_MAX / 1000 + 1)],
      ...inputArgs(source.path, source.demuxer),
      ...['-filter_complex', filterGraph(source, previewStartMs)],
      ...renditions.flatMap(({ rung, path }) => renditionArgs(rung, path)),
      ...['-map', '[preview]', ...previewArgs(previewPath)],
      ...['-map', '[pcm]', '-f', 's16le', pcmPath],
    ],
    INGEST_TRANSCODE_MS_MAX,
    options,
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
export const soundFilter = (sampleRate: number): string =>
  `aformat=sample_fmts=fltp:sample_rates=${sampleRate}:channel_layouts=stereo,asetpts=N/SR/TB`;

/** An outline of some hundred bins needs no long filter. */
export const waveformFilter = `aresample=${WAVEFORM_RATE_HZ}:filter_size=4,aformat=sample_fmts=s16`;

export const previewStartOf = (durationMs: number): number =>
  Math.round(Math.max(0, Math.min(durationMs * PREVIEW_AT, durationMs - PREVIEW_MS - 1000)));

/** @param startMs of what the filter is given */
export const previewFilter = (startMs: number): string => {
  const seconds = PREVIEW_MS / 1000;
  return `atrim=start=${startMs / 1000}:duration=${seconds},asetpts=PTS-STARTPTS,afade=t=in:d=0.5,afade=t=out:st=${seconds - 2}:d=2`;
};

export const previewArgs = (path: string): string[] => [
  ...['-c:a', 'aac', '-aac_coder', 'fast', '-b:a', `${PREVIEW_KBPS}k`],
  ...[...PLAIN, '-movflags', '+faststart', '-f', 'mp4', path],
];

function filterGraph({ sampleRate, outputSamples }: TranscodeSource, previewStartMs: number): string {
  const exact = outputSamples === undefined ? '' : `,${exactly(outputSamples)}`;
  return [
    // What is measured is what there is, not what fills it up.
    `[0:a:0]${soundFilter(outputRateOf(sampleRate))},asplit=4[measured][shaped][excerpt][music]`,
    `[music]anull${exact},asplit=4[both][r96][r160][r320]`,
    '[measured]ebur128=peak=true:framelog=verbose,anullsink',
    '[both]aformat=channel_layouts=mono[r24]',
    `[excerpt]${previewFilter(previewStartMs)}[preview]`,
    `[shaped]aformat=channel_layouts=mono,${waveformFilter}[pcm]`,
  ].join(';');
}

/** Silence behind what is too short, nothing behind what is too long. */
export const exactly = (samples: number): string => `apad=whole_len=${samples},atrim=end_sample=${samples}`;

const renditionArgs = (rung: Rung, path: string): string[] => [
  ...['-map', `[r${rung}]`, ...encoderArgs(rung), ...FRAGMENTED, '-f', 'mp4', path],
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
