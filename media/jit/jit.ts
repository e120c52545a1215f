/**
 * Just-in-time packaging: what the edge serves of a song that is not packaged, made when it is asked for, at
 * the addresses and in the layout that the package will have.
 */
import { availableParallelism } from 'node:os';
import type { Rung } from '../../actors/catalog/contract.ts';
import {
  JIT_EXTRAS_AT_ONCE_MAX,
  JIT_EXTRAS_WAITING_MAX,
  JIT_RETRY_AFTER_SEC,
  JIT_RUNS_PER_CORE,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { createGate } from '../../kit/gate.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import type { Ffmpeg } from '../ingest/ffmpeg.ts';
import { noSuchSegment } from '../package/segment.ts';
import type { TrackLayout, Waveform } from '../package/types.ts';
import { encode } from './encode.ts';
import { outline, preview } from './extras.ts';
import { createPlans, type Plan } from './plan.ts';
import type { AudioFile, Files } from './ports.ts';
import { createRuns } from './runs.ts';
import { jitLengths } from './tables.ts';
import { createWholeFiles, type WholeFile } from './whole-files.ts';

export interface JitDeps {
  readonly files: Files;
  readonly tables: Tables;
  readonly ffmpeg: Ffmpeg;
  readonly clock: Clock;
  /** Where files lie while they are made; it exists. */
  readonly tempFolder: string;
  /** Encoders at once. */
  readonly runsMax?: number;
}

export type Jit = ReturnType<typeof createJit>;

export function createJit({ files, tables, ffmpeg, clock, tempFolder, runsMax }: JitDeps) {
  const plans = createPlans({ files, lengths: tables.open(jitLengths), ffmpeg, clock });
  const onShort = (plan: Plan, samples: number): void => void plans.endsAt(plan, samples);
  const runs = createRuns({
    encode: (plan, rung, from, signal) => encode(plan, rung, from, ffmpeg, signal),
    clock,
    runsMax: runsMax ?? availableParallelism() * JIT_RUNS_PER_CORE,
    onShort,
  });
  const wholeFiles = createWholeFiles({
    encode: (plan, rung) => encode(plan, rung, 0, ffmpeg),
    tempFolder,
    clock,
  });
  const extras = createGate({
    atOnceMax: JIT_EXTRAS_AT_ONCE_MAX,
    waitingMax: JIT_EXTRAS_WAITING_MAX,
    busy: () =>
      new UnavailableError('JIT_BUSY', 'Too many songs are being prepared at once; try again in a moment.', {
        retryAfterSec: JIT_RETRY_AFTER_SEC,
      }),
  });
  /** The rung that the last song was begun with: the next one will likely be, too. */
  let startRung: Rung = 96;

  const whenThere = async <T>(songId: string, make: (plan: Plan) => Promise<T>): Promise<T | undefined> => {
    const plan = await plans.of(songId);
    return plan && make(plan);
  };

  return {
    runs,
    plans,

    layout: (songId: string): Promise<TrackLayout | undefined> =>
      whenThere(songId, async ({ layout }) => layout),

    /** Clear. @throws NotFoundError `SEGMENT_NOT_FOUND`; UnavailableError `JIT_BUSY`, `JIT_FAILED` */
    segment: (songId: string, rung: Rung, index: number): Promise<Buffer | undefined> =>
      whenThere(songId, (plan) => {
        const rendition = plan.layout.renditions.find((candidate) => candidate.rung === rung);
        if (!rendition?.segments[index]) throw noSuchSegment(rendition ?? { segments: [] });
        if (index === 0) startRung = rung;
        return runs.segment(plan, rung, index);
      }),

    /** The song is about to be asked for, in no more than `maxRung`. */
    expect(songId: string, maxRung: Rung): void {
      const rung = maxRung < startRung ? maxRung : startRung;
      plans.of(songId).then(
        (plan) => plan && runs.expect(plan, rung),
        () => undefined,
      );
    },

    waveform: (songId: string): Promise<Waveform | undefined> =>
      whenThere(songId, (plan) => extras(() => outline(plan, ffmpeg))),

    preview: (songId: string): Promise<Buffer | undefined> =>
      whenThere(songId, (plan) => extras(() => preview(plan, ffmpeg, tempFolder))),

    file: (songId: string, rung: Rung): Promise<WholeFile | undefined> =>
      whenThere(songId, (plan) => wholeFiles.get(plan, rung)),

    original: (songId: string): Promise<AudioFile | undefined> => files.bestFile(songId),

    async [Symbol.asyncDispose]() {
      await runs[Symbol.asyncDispose]();
      await wholeFiles[Symbol.asyncDispose]();
    },
  };
}
