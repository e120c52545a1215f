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
  JIT_RUN_MS_MAX,
  JIT_RUNS_PER_CORE,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { createGate } from '../../kit/gate.ts';
import { logger } from '../../kit/log.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import { type Ffmpeg, spareFfmpegs } from '../ingest/ffmpeg.ts';
import { trackKeys } from '../package/names.ts';
import { noSuchSegment } from '../package/segment.ts';
import type { TrackLayout, Waveform } from '../package/types.ts';
import { encode } from './encode.ts';
import { outline, preview } from './extras.ts';
import { createPlans, type Plan } from './plan.ts';
import type { AudioFile, Files } from './ports.ts';
import { createRuns } from './runs.ts';
import { jitLengths } from './tables.ts';
import { createWholeFiles, type WholeFile } from './whole-files.ts';

const log = logger('jit');

export interface JitDeps {
  readonly files: Files;
  readonly tables: Tables;
  readonly objects: Pick<Objects, 'head'>;
  /** Looked for once. */
  readonly ffmpeg: () => Promise<Ffmpeg>;
  readonly clock: Clock;
  /** Where files lie while they are made; it exists. */
  readonly tempFolder: string;
  /** Encoders at once. */
  readonly runsMax?: number;
}

export function createJit({ files, tables, objects, ffmpeg, clock, tempFolder, runsMax }: JitDeps) {
  const plans = createPlans({ files, lengths: tables.open(jitLengths), ffmpeg, clock });
  const onShort = (plan: Plan, samples: number): void => void plans.endsAt(plan, samples);
  const spares = spareFfmpegs(clock, JIT_RUN_MS_MAX);
  async function* encodeFrom(plan: Plan, rung: Rung, from: number, signal?: AbortSignal) {
    const found = await ffmpeg();
    return yield* encode(plan, rung, from, (args) => spares.start(found, args), signal);
  }
  const runs = createRuns({
    encode: encodeFrom,
    clock,
    runsMax: runsMax ?? availableParallelism() * JIT_RUNS_PER_CORE,
    onShort,
  });
  const wholeFiles = createWholeFiles({
    encode: (plan, rung) => encodeFrom(plan, rung, 0),
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

    /** The song is about to be asked for, in no more than `maxRung`; nothing is done for one that is packaged. */
    async expect(songId: string, maxRung: Rung): Promise<void> {
      try {
        const plan = await plans.of(songId);
        if (!plan || (await objects.head(trackKeys.index(songId)))) return;
        runs.expect(plan, maxRung < startRung ? maxRung : startRung);
      } catch (err) {
        log.warn({ err, songId }, 'a song that is expected could not be prepared');
      }
    },

    waveform: (songId: string): Promise<Waveform | undefined> =>
      whenThere(songId, (plan) => extras(async () => outline(plan, await ffmpeg()))),

    preview: (songId: string): Promise<Buffer | undefined> =>
      whenThere(songId, (plan) => extras(async () => preview(plan, await ffmpeg(), tempFolder))),

    file: (songId: string, rung: Rung): Promise<WholeFile | undefined> =>
      whenThere(songId, (plan) => wholeFiles.get(plan, rung)),

    original: (songId: string): Promise<AudioFile | undefined> => files.bestFile(songId),

    async [Symbol.asyncDispose]() {
      await runs[Symbol.asyncDispose]();
      await wholeFiles[Symbol.asyncDispose]();
      spares[Symbol.dispose]();
    },
  };
}
