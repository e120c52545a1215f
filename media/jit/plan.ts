/** What is known of a song before it is encoded: the file it is made from, and its whole layout. */
import { JIT_EXTRA_MS_MAX, MEDIA_TOKEN_TTL_MS } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Table } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import { type Ffmpeg, inputArgs, startFfmpeg } from '../ingest/ffmpeg.ts';
import { outputRateOf, plannedLayout } from '../package/layout.ts';
import type { TrackLayout } from '../package/types.ts';
import type { AudioFile, Files } from './ports.ts';
import type { LengthRow } from './tables.ts';

const log = logger('jit');

export interface Plan {
  readonly file: AudioFile;
  readonly layout: TrackLayout;
}

export interface PlansDeps {
  readonly files: Files;
  readonly lengths: Table<readonly [], LengthRow>;
  readonly ffmpeg: () => Promise<Ffmpeg>;
  readonly clock: Clock;
}

export interface Plans {
  /** Undefined when no file of the song is there. */
  of(songId: string): Promise<Plan | undefined>;
  /** Decoding has shown that the song ends at this output sample. */
  endsAt(plan: Plan, outputSamples: number): Promise<void>;
}

export function createPlans({ files, lengths, ffmpeg, clock }: PlansDeps): Plans {
  const counting = new Map<string, Promise<number>>();

  const counted = (songId: string, file: AudioFile): Promise<number> => {
    const begun = counting.get(songId);
    if (begun) return begun;
    const count = ffmpeg()
      .then((found) => countSamples(file, found))
      .then(async (samples) => {
        await lengths.put(songId, [], { bytes: file.bytes, samples, fromMs: 0 });
        return samples;
      })
      .finally(() => counting.delete(songId));
    counting.set(songId, count);
    return count;
  };

  const samplesOf = async (songId: string, file: AudioFile): Promise<number> => {
    const known = await lengths.get(songId, []);
    if (known?.bytes === file.bytes && known.fromMs <= clock.nowMs()) return known.samples;
    return file.samples ?? counted(songId, file);
  };

  return {
    async of(songId) {
      const file = await files.bestFile(songId);
      if (!file) return undefined;
      const sampleRate = outputRateOf(file.sampleRate);
      const samples = Math.round(((await samplesOf(songId, file)) * sampleRate) / file.sampleRate);
      return { file, layout: plannedLayout(songId, Math.max(1, samples), sampleRate) };
    },

    async endsAt({ file, layout }, outputSamples) {
      const { songId, sampleRate } = layout;
      const samples = Math.round((outputSamples * file.sampleRate) / sampleRate);
      // Who plays it now has a playlist of the old length, and goes on with silence to its end.
      const fromMs = clock.nowMs() + MEDIA_TOKEN_TTL_MS;
      log.warn(
        { songId, path: file.path, saidSec: layout.durationMs / 1000, heldSec: outputSamples / sampleRate },
        'a file holds less sound than it says; copy or download it again',
      );
      await lengths.put(songId, [], { bytes: file.bytes, samples, fromMs });
    },
  };
}

/** Decodes the file once: the only way to know where its headers do not tell. */
async function countSamples(file: AudioFile, ffmpeg: Ffmpeg): Promise<number> {
  const args = [
    ...['-v', 'error', '-threads', '1', ...inputArgs(file.path, file.demuxer), '-map', '0:a:0'],
    ...['-ac', '1', '-ar', String(file.sampleRate), '-f', 'u8', 'pipe:1'],
  ];
  const running = startFfmpeg(ffmpeg, args, JIT_EXTRA_MS_MAX);
  running.stderr.resume();
  let samples = 0;
  for await (const chunk of running.stdout as AsyncIterable<Buffer>) samples += chunk.length;
  if ((await running.exit) !== 0) {
    throw new UnavailableError('SONG_UNREADABLE', 'The file of this song cannot be decoded; look at it.');
  }
  return samples;
}
