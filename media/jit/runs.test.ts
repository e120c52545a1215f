/**
 * Goal: a few encoders serve everyone who waits, fairly and within bounds. Method: encoders that cut a segment
 * when the test says so.
 */
import t, { type Test } from 'tap';
import type { Rung } from '../../actors/catalog/contract.ts';
import {
  JIT_RUN_IDLE_MS,
  JIT_SEGMENTS_AHEAD,
  JIT_WAIT_MS_MAX,
  JIT_WAITING_MAX,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { ManualClock } from '../../test/gateway/doubles.ts';
import { plannedLayout } from '../package/layout.ts';
import type { CutSegment, Encoded } from './encode.ts';
import type { Plan } from './plan.ts';
import { createRuns } from './runs.ts';

const planOf = (songId: string): Plan => ({
  file: {
    path: `/music/${songId}`,
    ...{ demuxer: 'flac', codec: 'flac', mimeType: 'audio/flac', sampleRate: 44_100, durationMs: 120_000 },
    bytes: 1,
  },
  layout: plannedLayout(songId, 120 * 44_100, 44_100),
});

/** Encoders that cut nothing before they may. */
function encoders() {
  const started: {
    song: string;
    from: number;
    cut: (count?: number) => Promise<void>;
    ended: boolean;
    fail: () => void;
  }[] = [];
  async function* encode(
    plan: Plan,
    _rung: Rung,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<CutSegment, Encoded> {
    let allowed = 0;
    let wake = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => wake.reject(new Error('aborted')));
    wake.promise.catch(() => undefined);
    const me = {
      song: plan.layout.songId,
      from,
      ended: false,
      async cut(count = 1) {
        allowed += count;
        wake.resolve();
        await settled();
      },
      fail: () => wake.reject(new Error('killed')),
    };
    started.push(me);
    try {
      const total = plan.layout.renditions[0]?.segments.length ?? 0;
      for (let index = from; index < total; index++) {
        while (allowed === 0) {
          await wake.promise;
          wake = Promise.withResolvers();
          wake.promise.catch(() => undefined);
        }
        allowed--;
        yield { index, head: Buffer.from(`${plan.layout.songId}:`), frames: [Buffer.from(String(index))] };
      }
      return {};
    } finally {
      me.ended = true;
    }
  }
  return { encode, started };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function world(t: Test, runsMax: number) {
  const { encode, started } = encoders();
  const clock = new ManualClock();
  const runs = createRuns({ encode, clock, runsMax, onShort: () => undefined });
  t.teardown(() => runs[Symbol.asyncDispose]());
  return { runs, started, clock };
}

t.test(
  'who asks for the same segment shares one encoder, which then reads ahead and is held up',
  async (t) => {
    const { runs, started } = world(t, 4);
    const song = planOf('a');
    const asked = [runs.segment(song, 96, 0), runs.segment(song, 96, 0), runs.segment(song, 96, 1)];
    await settled();
    t.equal(started.length, 1);
    await started[0]?.cut(2);
    t.same((await Promise.all(asked)).map(String), ['a:0', 'a:0', 'a:1'], 'each as soon as it is cut');
    await started[0]?.cut(100);
    t.equal(runs.busy, false, 'it goes on for what a player keeps ready, and no further');
    t.equal(String(await runs.segment(song, 96, 1 + JIT_SEGMENTS_AHEAD)), `a:${1 + JIT_SEGMENTS_AHEAD}`);
    await settled();
    t.equal(String(await runs.segment(song, 96, 2 + JIT_SEGMENTS_AHEAD)), `a:${2 + JIT_SEGMENTS_AHEAD}`);
    t.equal(started.length, 1, 'asked for more, it goes on');
  },
);

t.test('a place far from any encoder gets its own', async (t) => {
  const { runs, started } = world(t, 4);
  const first = runs.segment(planOf('a'), 96, 0);
  const sought = runs.segment(planOf('a'), 96, 12);
  const other = runs.segment(planOf('a'), 320, 0);
  await settled();
  t.same(
    started.map(({ from }) => from),
    [0, 12, 0],
  );
  for (const encoder of started) await encoder.cut();
  t.same((await Promise.all([first, sought, other])).map(String), ['a:0', 'a:12', 'a:0']);
});

t.test('with all encoders in use, beginnings go first, and who has got its segment gives way', async (t) => {
  const { runs, started, clock } = world(t, 1);
  const a = runs.segment(planOf('a'), 96, 0);
  await settled();
  const sought = runs.segment(planOf('b'), 96, 9);
  await clock.advance(10);
  const begun = runs.segment(planOf('c'), 96, 0);
  runs.expect(planOf('d'), 96);
  await settled();
  t.equal(started.length, 1);
  await started[0]?.cut();
  await a;
  await settled();
  t.equal(started[1]?.song, 'c');
  await started[1]?.cut();
  await begun;
  await settled();
  t.equal(started[2]?.song, 'b');
  t.equal(started[0]?.ended, true);
  await started[2]?.cut();
  await sought;
  await settled();
  t.equal(started.length, 3, 'what is only expected takes the place of nobody at work');
});

t.test('a line that is full is told so at once, one that is too slow in time', async (t) => {
  const { runs, clock } = world(t, 1);
  const waiting = Array.from({ length: JIT_WAITING_MAX }, (_, i) => runs.segment(planOf(`song${i}`), 96, 0));
  const told = Promise.allSettled(waiting);
  await t.rejects(runs.segment(planOf('one more'), 96, 0), { code: 'JIT_BUSY', data: { retryAfterSec: 2 } });
  await clock.advance(JIT_WAIT_MS_MAX);
  for (const end of await told) t.ok(end.status === 'rejected' && end.reason instanceof UnavailableError);
});

t.test('a killed encoder is replaced once', async (t) => {
  const { runs, started } = world(t, 2);
  const asked = runs.segment(planOf('a'), 96, 0);
  await settled();
  started[0]?.fail();
  await settled();
  await settled();
  t.equal(started.length, 2);
  await started[1]?.cut();
  t.equal(String(await asked), 'a:0');
  const again = runs.segment(planOf('b'), 96, 0);
  const told = t.rejects(again, { code: 'JIT_FAILED' });
  await settled();
  started[2]?.fail();
  await settled();
  await settled();
  started[3]?.fail();
  await told;
  await settled();
  t.equal(started.length, 4, 'and no more than once');
});

t.test('what was expected is there when it is asked for', async (t) => {
  const { runs, started } = world(t, 2);
  runs.expect(planOf('a'), 96);
  await settled();
  await started[0]?.cut(100);
  t.equal(runs.busy, false, 'no more than a beginning is made');
  t.equal(String(await runs.segment(planOf('a'), 96, 0)), 'a:0');
  t.equal(started.length, 1);
});

t.test('an encoder that nobody asks ends', async (t) => {
  const { runs, started, clock } = world(t, 2);
  const asked = runs.segment(planOf('a'), 96, 0);
  await settled();
  await started[0]?.cut(100);
  await asked;
  await clock.advance(2 * JIT_RUN_IDLE_MS);
  await settled();
  t.equal(started[0]?.ended, true);
});
