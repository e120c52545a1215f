/** Makes small music files of every format, with tags, by whatever ffmpeg there is. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Ffmpeg, runFfmpeg } from '../ffmpeg.ts';

export interface TestSound {
  /** Samples to generate. */
  readonly samples: number;
  /** Begins this far into the tone, so that several files can make up one. */
  readonly fromSample?: number;
  readonly sampleRate?: number;
  /** Different seeds give different sound. */
  readonly seed?: number;
  /** With drums, whose attacks make an encoder switch its windows. */
  readonly beats?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** Encoder arguments; default those that the name's extension stands for. */
  readonly args?: readonly string[];
}

/** A rising tone with a fifth above it: no two moments alike, so that a shift of one sample shows. */
const toneOf = (seed: number, beats: boolean): string => {
  const hz = 180 + 37 * seed;
  const tone = `0.3*sin(2*PI*t*(${hz}+40*t))+0.2*sin(3*PI*t*(${hz}+41*t))`;
  return beats ? `${tone}+0.3*exp(-60*mod(t\\,0.29))*sin(2*PI*1700*t)` : tone;
};

/** The same tone, to compare with what is heard. */
export function toneAt(seed: number, seconds: number): number {
  const hz = 180 + 37 * seed;
  const t = 2 * Math.PI * seconds;
  return 0.3 * Math.sin(t * (hz + 40 * seconds)) + 0.2 * Math.sin(1.5 * t * (hz + 41 * seconds));
}

const ENCODERS: Readonly<Record<string, readonly string[]>> = {
  flac: ['-c:a', 'flac'],
  mp3: ['-c:a', 'libmp3lame', '-b:a', '128k'],
  ogg: ['-c:a', 'libvorbis', '-q:a', '4'],
  opus: ['-c:a', 'libopus', '-b:a', '96k'],
  m4a: ['-c:a', 'aac', '-b:a', '128k', '-f', 'mp4'],
  wav: ['-c:a', 'pcm_s16le'],
  aiff: ['-c:a', 'pcm_s16be'],
};

export async function makeMusic(
  ffmpeg: Ffmpeg,
  folder: string,
  name: string,
  sound: TestSound,
): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  const { samples, fromSample = 0, sampleRate = 44100, seed = 1, beats = false, tags = {} } = sound;
  const tone = toneOf(seed, beats);
  const run = await runFfmpeg(
    ffmpeg,
    [
      ...['-y', '-f', 'lavfi', '-i', `aevalsrc=${tone}|${tone}:s=${sampleRate}`],
      ...['-af', `atrim=start_sample=${fromSample}:end_sample=${fromSample + samples},asetpts=PTS-STARTPTS`],
      ...(sound.args ?? ENCODERS[name.slice(name.lastIndexOf('.') + 1)] ?? []),
      ...Object.entries(tags).flatMap(([key, value]) => ['-metadata', `${key}=${value}`]),
      path,
    ],
    60_000,
  );
  if (run.exitCode !== 0) throw new Error(`ffmpeg could not make ${name}: ${run.stderr}`);
  return path;
}
