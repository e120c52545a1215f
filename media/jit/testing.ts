/** Music files as the library knows them, and what is cut of them as sound again, for tests. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rung } from '../../actors/catalog/contract.ts';
import { type Ffmpeg, runFfmpeg } from '../ingest/ffmpeg.ts';
import { makeMusic, type TestSound } from '../ingest/testing/music.ts';
import { initOf, outputRateOf, plannedLayout } from '../package/layout.ts';
import type { CutSegment } from './encode.ts';
import type { Plan } from './plan.ts';
import type { AudioFile } from './ports.ts';

const DEMUXERS: Readonly<Record<string, readonly [demuxer: string, codec: string, mimeType: string]>> = {
  flac: ['flac', 'flac', 'audio/flac'],
  mp3: ['mp3', 'mp3', 'audio/mpeg'],
  ogg: ['ogg', 'vorbis', 'audio/ogg'],
  opus: ['ogg', 'opus', 'audio/ogg'],
  m4a: ['mov', 'aac', 'audio/mp4'],
  wav: ['wav', 'pcm_s16le', 'audio/wav'],
  aiff: ['aiff', 'pcm_s16be', 'audio/aiff'],
};

export async function makeFile(
  ffmpeg: Ffmpeg,
  folder: string,
  name: string,
  sound: TestSound,
): Promise<AudioFile> {
  const path = await makeMusic(ffmpeg, folder, name, sound);
  const [demuxer = '', codec = '', mimeType = ''] = DEMUXERS[name.slice(name.lastIndexOf('.') + 1)] ?? [];
  const { samples, sampleRate = 44_100 } = sound;
  const { size } = await stat(path);
  return {
    ...{ path, demuxer, codec, mimeType, sampleRate, samples, bytes: size },
    durationMs: (samples * 1000) / sampleRate,
  };
}

export const planOf = (file: AudioFile, songId = '0000000000000000000001'): Plan => {
  const rate = outputRateOf(file.sampleRate);
  const samples = Math.round(((file.samples ?? 0) * rate) / file.sampleRate);
  return { file, layout: plannedLayout(songId, samples, rate) };
};

/** The sound of segments behind their init section, mono, without the priming. */
export async function soundOf(
  { layout }: Plan,
  rung: Rung,
  segments: readonly Buffer[],
  ffmpeg: Ffmpeg,
  folder: string,
): Promise<Float32Array> {
  const rendition = layout.renditions.find((candidate) => candidate.rung === rung);
  if (!rendition) throw new Error('no such rung');
  const path = join(folder, 'cut.mp4');
  await writeFile(path, Buffer.concat([initOf(layout, rendition), ...segments]));
  const decoded = await decode(ffmpeg, ['-ignore_editlist', '1', '-i', path], layout.sampleRate, folder);
  return decoded.subarray(layout.priming, layout.priming + layout.samples);
}

/** Any sound as mono samples at a rate. */
export async function decode(
  ffmpeg: Ffmpeg,
  input: readonly string[],
  sampleRate: number,
  folder: string,
): Promise<Float32Array> {
  const path = join(folder, 'decoded.pcm');
  const args = ['-y', ...input, '-ac', '1', '-ar', String(sampleRate), '-f', 'f32le', path];
  const run = await runFfmpeg(ffmpeg, args, 60_000);
  if (run.exitCode !== 0) throw new Error(run.stderr);
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

export const bytesOf = ({ head, frames }: CutSegment): Buffer => Buffer.concat([head, ...frames]);
