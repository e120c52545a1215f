/** What a page shows and plays of a song beside the song itself: its outline, its preview. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JIT_EXTRA_MS_MAX, JIT_PREROLL_MS } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { type Ffmpeg, inputArgs, runFfmpeg, startFfmpeg } from '../ingest/ffmpeg.ts';
import {
  previewArgs,
  previewFilter,
  previewStartOf,
  WAVEFORM_RATE_HZ,
  waveformFilter,
} from '../ingest/transcode.ts';
import { waveformOf } from '../ingest/waveform.ts';
import { makeWorkFolder, withRoom } from '../ingest/work-folder.ts';
import type { Waveform } from '../package/types.ts';
import type { Plan } from './plan.ts';

const unreadable = (): UnavailableError =>
  new UnavailableError('SONG_UNREADABLE', 'The file of this song cannot be decoded; look at it.');

/** Below the encoders that someone listens to. */
const NICE = 5;

export async function outline({ file, layout }: Plan, ffmpeg: Ffmpeg): Promise<Waveform> {
  const running = startFfmpeg(
    ffmpeg,
    [
      ...['-v', 'error', '-threads', '1', ...inputArgs(file.path, file.demuxer), '-map', '0:a:0'],
      ...['-af', `aformat=channel_layouts=mono,${waveformFilter}`, '-f', 's16le', 'pipe:1'],
    ],
    JIT_EXTRA_MS_MAX,
    NICE,
  );
  running.stderr.resume();
  const samples = Math.round((layout.samples * WAVEFORM_RATE_HZ) / layout.sampleRate);
  const waveform = await waveformOf(running.stdout, samples, layout.durationMs);
  if ((await running.exit) !== 0) throw unreadable();
  return waveform;
}

export async function preview({ file, layout }: Plan, ffmpeg: Ffmpeg, tempFolder: string): Promise<Buffer> {
  const startMs = previewStartOf(layout.durationMs);
  const seekMs = Math.max(0, startMs - JIT_PREROLL_MS);
  await using folder = await makeWorkFolder(tempFolder);
  const path = join(folder.path, 'preview.m4a');
  return await withRoom(folder.path, async () => {
    const { exitCode } = await runFfmpeg(
      ffmpeg,
      [
        ...['-v', 'error', '-threads', '1', ...(seekMs > 0 ? ['-ss', String(seekMs / 1000)] : [])],
        ...[...inputArgs(file.path, file.demuxer), '-map', '0:a:0'],
        ...[
          '-af',
          `aformat=sample_rates=${layout.sampleRate}:channel_layouts=stereo,${previewFilter(startMs - seekMs)}`,
        ],
        ...previewArgs(path),
      ],
      JIT_EXTRA_MS_MAX,
      { nice: NICE },
    );
    if (exitCode !== 0) throw unreadable();
    return readFile(path);
  });
}
