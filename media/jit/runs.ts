/**
 * Shares a few encoders among all who wait for segments.
 *
 * A segment that an encoder is about to reach is waited for; any other one gets an encoder that starts there.
 * An encoder goes on a few segments beyond what was asked of it and is then held up; one that nobody waits for
 * gives way to who does. Whoever asks for what is being waited for already shares the wait.
 */
import type { Rung } from '../../actors/catalog/contract.ts';
import {
  JIT_HEAD_START_MS,
  JIT_RETRY_AFTER_SEC,
  JIT_RUN_IDLE_MS,
  JIT_SEGMENTS_AHEAD,
  JIT_SEGMENTS_EXPECTED,
  JIT_SEGMENTS_NEAR,
  JIT_TRIES_MAX,
  JIT_WAIT_MS_MAX,
  JIT_WAITING_MAX,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Clock, Timer } from '../../kit/sources.ts';
import type { CutSegment, Encoded } from './encode.ts';
import { runsFailed, runsNow, runsStarted, segmentsRefused, segmentWait } from './metrics.ts';
import type { Plan } from './plan.ts';
import { Segments } from './segments.ts';

const log = logger('jit');

export interface RunsDeps {
  readonly encode: (
    plan: Plan,
    rung: Rung,
    from: number,
    signal: AbortSignal,
  ) => AsyncGenerator<CutSegment, Encoded>;
  readonly clock: Clock;
  /** Encoders at once. */
  readonly runsMax: number;
  /** A file holds less than it says. */
  readonly onShort: (plan: Plan, samples: number) => void;
  readonly segmentsBytesMax?: number;
}

export interface Runs extends AsyncDisposable {
  /** @throws UnavailableError `JIT_BUSY`, `JIT_FAILED` */
  segment(plan: Plan, rung: Rung, index: number): Promise<Buffer>;
  /** Someone is about to ask for the song's beginning. */
  expect(plan: Plan, rung: Rung): void;
  /** Whether an encoder is at work that is not held up. */
  readonly busy: boolean;
  /** Is called whenever `busy` may have changed. */
  onChange: () => void;
}

/** A segment that is waited for. */
interface Wait {
  readonly key: string;
  readonly plan: Plan;
  readonly rung: Rung;
  readonly index: number;
  readonly sinceMs: number;
  tries: number;
  /** Nobody has asked yet. */
  expected: boolean;
  readonly promise: Promise<Buffer>;
  readonly resolve: (segment: Buffer) => void;
  readonly reject: (error: unknown) => void;
  timer: Timer | undefined;
}

interface Run {
  readonly plan: Plan;
  readonly rung: Rung;
  /** The segment that comes next. */
  next: number;
  /** It is held up before this one. */
  until: number;
  askedAtMs: number;
  readonly stopping: AbortController;
  goOn: () => void;
}

const keyOf = ({ layout }: Plan, rung: Rung, index: number): string =>
  `${layout.songId}/${layout.samples}/${rung}/${index}`;

const busy = (): UnavailableError =>
  new UnavailableError('JIT_BUSY', 'Too many songs are being prepared at once; try again in a moment.', {
    retryAfterSec: JIT_RETRY_AFTER_SEC,
  });

export function createRuns({ encode, clock, runsMax, onShort, segmentsBytesMax }: RunsDeps): Runs {
  const segments = new Segments(segmentsBytesMax);
  const waits = new Map<string, Wait>();
  const runs = new Set<Run>();
  const running = new Set<Promise<void>>();
  let idleTimer: Timer | undefined;
  let disposed = false;

  const isOf = (run: Run, wait: Pick<Wait, 'plan' | 'rung'>): boolean =>
    !run.stopping.signal.aborted && keyOf(run.plan, run.rung, 0) === keyOf(wait.plan, wait.rung, 0);
  const reaches = (run: Run, wait: Wait): boolean =>
    isOf(run, wait) && run.next <= wait.index && wait.index < run.next + JIT_SEGMENTS_NEAR;
  const isWaitedFor = (run: Run): boolean => waits.values().some((wait) => reaches(run, wait));
  /** Reading ahead is for when nobody waits. */
  const isHeldUp = (run: Run): boolean =>
    run.next >= run.until || (waits.values().some((wait) => !wait.expected) && !isWaitedFor(run));

  const ask = (run: Run, index: number, ahead: number): void => {
    run.askedAtMs = clock.nowMs();
    run.until = Math.max(run.until, index + 1 + ahead);
    run.goOn();
  };

  const settle = (wait: Wait): void => {
    waits.delete(wait.key);
    wait.timer?.cancel();
    for (const run of runs) run.goOn();
  };

  const stop = (run: Run): void => {
    run.stopping.abort();
    runs.delete(run);
    run.goOn();
  };

  /** Of those that nobody waits for: one that is held up, rather than one that reads ahead; the longest unasked. */
  const spare = (): Run | undefined =>
    [...runs]
      .filter((run) => !isWaitedFor(run))
      .sort((a, b) => Number(isHeldUp(b)) - Number(isHeldUp(a)) || a.askedAtMs - b.askedAtMs)[0];

  /** The beginning of a song has a head start; what is only expected comes last. */
  const dueMs = ({ index, sinceMs, expected }: Wait): number =>
    expected ? Number.POSITIVE_INFINITY : sinceMs - (index === 0 ? JIT_HEAD_START_MS : 0);

  const dispatch = (): void => {
    for (const wait of [...waits.values()].sort((a, b) => dueMs(a) - dueMs(b))) {
      // What nobody has asked for takes nothing from who is at work.
      if (wait.expected && runs.values().some((run) => !isHeldUp(run))) break;
      const run = runs.values().find((candidate) => reaches(candidate, wait));
      const ahead = wait.expected ? JIT_SEGMENTS_EXPECTED - 1 : JIT_SEGMENTS_AHEAD;
      if (run) {
        ask(run, wait.index, ahead);
        continue;
      }
      if (runs.size >= runsMax) {
        const other = spare();
        if (!other) break;
        stop(other);
      }
      start(wait, ahead);
    }
    runsNow.set(runs.size);
    api.onChange();
  };

  const start = ({ plan, rung, index }: Wait, ahead: number): void => {
    const run: Run = {
      ...{ plan, rung, next: index, until: index + 1 + ahead },
      ...{ askedAtMs: clock.nowMs(), stopping: new AbortController(), goOn: () => undefined },
    };
    runs.add(run);
    runsStarted.inc();
    const work = follow(run)
      .catch((error: unknown) => failed(run, error))
      .finally(() => {
        running.delete(work);
        runs.delete(run);
        if (!disposed) dispatch();
      });
    running.add(work);
  };

  const follow = async (run: Run): Promise<void> => {
    const cuts = encode(run.plan, run.rung, run.next, run.stopping.signal);
    try {
      for (;;) {
        while (!run.stopping.signal.aborted && isHeldUp(run)) {
          const asked = Promise.withResolvers<void>();
          run.goOn = asked.resolve;
          dispatch();
          await asked.promise;
        }
        if (run.stopping.signal.aborted) return;
        const cut = await cuts.next();
        if (cut.done) {
          if (cut.value.shortSamples !== undefined) onShort(run.plan, cut.value.shortSamples);
          return;
        }
        take(run, cut.value);
      }
    } finally {
      // Kills the encoder.
      await cuts.return({});
    }
  };

  const take = (run: Run, { index, head, frames }: CutSegment): void => {
    const key = keyOf(run.plan, run.rung, index);
    const segment = Buffer.concat([head, ...frames]);
    segments.set(key, segment);
    run.next = index + 1;
    const wait = waits.get(key);
    if (!wait) return;
    settle(wait);
    if (!wait.expected) segmentWait.observe((clock.nowMs() - wait.sinceMs) / 1000);
    wait.resolve(segment);
    // Who waits for an encoder may have this one now.
    if (waits.size > 0) dispatch();
  };

  /** An encoder may have been killed by chance: what it owed is tried once more. */
  const failed = (run: Run, error: unknown): void => {
    if (run.stopping.signal.aborted) return;
    runsFailed.inc();
    const { songId } = run.plan.layout;
    log.warn({ err: error, songId, rung: run.rung, segment: run.next }, 'an encoder failed');
    for (const wait of [...waits.values()].filter((candidate) => reaches(run, candidate))) {
      wait.tries += 1;
      if (wait.tries < JIT_TRIES_MAX) continue;
      settle(wait);
      segmentsRefused.inc({ why: 'failed' });
      wait.reject(
        new UnavailableError('JIT_FAILED', 'This song could not be prepared; see the log for its file.', {
          retryAfterSec: JIT_RETRY_AFTER_SEC,
        }),
      );
    }
  };

  const waitFor = (plan: Plan, rung: Rung, index: number, expected: boolean): Wait => {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    // What was only expected is heard of by nobody.
    promise.catch(() => undefined);
    const wait: Wait = {
      ...{ key: keyOf(plan, rung, index), plan, rung, index, sinceMs: clock.nowMs(), tries: 0, expected },
      ...{ promise, resolve, reject, timer: undefined },
    };
    wait.timer = clock.after(JIT_WAIT_MS_MAX, () => {
      settle(wait);
      segmentsRefused.inc({ why: 'late' });
      reject(busy());
    });
    waits.set(wait.key, wait);
    return wait;
  };

  const sweepIdle = (): void => {
    const beforeMs = clock.nowMs() - JIT_RUN_IDLE_MS;
    for (const run of runs) if (isHeldUp(run) && run.askedAtMs <= beforeMs) stop(run);
    runsNow.set(runs.size);
    idleTimer = clock.after(JIT_RUN_IDLE_MS / 2, sweepIdle);
  };
  idleTimer = clock.after(JIT_RUN_IDLE_MS / 2, sweepIdle);

  const api: Runs = {
    onChange: () => undefined,
    get busy() {
      return waits.size > 0 || runs.values().some((run) => !isHeldUp(run));
    },

    async segment(plan, rung, index) {
      const key = keyOf(plan, rung, index);
      const made = segments.get(key);
      if (made) {
        const run = runs.values().find((one) => isOf(one, { plan, rung }) && one.next > index);
        if (run && run.next <= index + 1 + JIT_SEGMENTS_AHEAD) ask(run, index, JIT_SEGMENTS_AHEAD);
        segmentWait.observe(0);
        return made;
      }
      let wait = waits.get(key);
      if (wait) wait.expected = false;
      else {
        if (waits.size >= JIT_WAITING_MAX) {
          segmentsRefused.inc({ why: 'busy' });
          throw busy();
        }
        wait = waitFor(plan, rung, index, false);
      }
      dispatch();
      return wait.promise;
    },

    expect(plan, rung) {
      const key = keyOf(plan, rung, 0);
      if (segments.get(key) || waits.has(key) || waits.size >= JIT_WAITING_MAX / 2) return;
      waitFor(plan, rung, 0, true);
      dispatch();
    },

    async [Symbol.asyncDispose]() {
      disposed = true;
      idleTimer?.cancel();
      for (const wait of [...waits.values()]) {
        settle(wait);
        wait.reject(busy());
      }
      for (const run of [...runs]) stop(run);
      await Promise.all(running);
    },
  };
  return api;
}
