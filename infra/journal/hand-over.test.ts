/**
 * Goal: which records come again, one by one, or are set aside, whatever the engine.
 * Method: a handler that fails as told, and pauses that are noted instead of waited for.
 */
import t from 'tap';
import { CONSUMER_RETRY_MS_MAX, CONSUMER_TRIES_MAX } from '../../config/limits.ts';
import { ConflictError, UnavailableError } from '../../kit/errors.ts';
import type { JournalRecord } from '../../kit/ports/journal.ts';
import { handOver } from './hand-over.ts';

const records = [1, 2, 3].map(
  (seq): JournalRecord => ({ stream: 's', subject: 's.a', seq, atMs: 0, data: seq }),
);

async function run(fail: (seqs: readonly number[], attempt: number) => unknown) {
  const told = {
    attempts: [] as number[][],
    handled: [] as number[],
    parked: [] as [number, string][],
    pausesMs: [] as number[],
    given: records as readonly JournalRecord[],
  };
  await handOver(
    {
      options: {
        stream: 's',
        consumer: 'c',
        async handle(batch) {
          const seqs = batch.map(({ seq }) => seq);
          told.attempts.push(seqs);
          const error = fail(seqs, told.attempts.length);
          if (error) throw error;
        },
      },
      stillOurs: async (batch) => batch.filter((record) => told.given.includes(record)),
      handled: async (batch) => void told.handled.push(...batch.map(({ seq }) => seq)),
      park: async ({ seq }, error) => void told.parked.push([seq, error]),
      async pause(delayMs) {
        told.pausesMs.push(delayMs);
        if (told.pausesMs.length === 3 * CONSUMER_TRIES_MAX) told.given = [];
      },
    },
    records,
  );
  return told;
}

void t.test('what works is handed over once', async (t) => {
  t.match(await run(() => undefined), { attempts: [[1, 2, 3]], handled: [1, 2, 3], parked: [] });
});

void t.test(
  'while something is away the same batch comes again for ever, after growing pauses',
  async (t) => {
    const { attempts, handled, parked, pausesMs } = await run(
      () => new UnavailableError('AWAY', 'not today'),
    );
    t.equal(attempts.length, 3 * CONSUMER_TRIES_MAX);
    t.ok(attempts.every(({ length }) => length === 3));
    t.strictSame([handled, parked], [[], []], 'until it is no more ours');
    t.strictSame(
      pausesMs,
      pausesMs.toSorted((a, b) => a - b),
    );
    t.equal(pausesMs.at(-1), CONSUMER_RETRY_MS_MAX);
  },
);

void t.test(
  'after a fault of its own a batch comes one by one, and only the culprit is parked',
  async (t) => {
    for (const fault of [new TypeError('2?'), new ConflictError('TWO', '2?')]) {
      const { attempts, handled, parked } = await run((seqs) => seqs.includes(2) && fault);
      t.strictSame(attempts, [[1, 2, 3], [1], ...Array(CONSUMER_TRIES_MAX).fill([2]), [3]]);
      t.strictSame(handled, [1, 3]);
      t.match(parked, [[2, /2\?/]]);
    }
  },
);

void t.test('what is away meanwhile does not count against a record', async (t) => {
  const away = new UnavailableError('AWAY', 'not today');
  const { handled, parked } = await run((seqs, attempt) => {
    if (attempt === 1) return new TypeError('which one?');
    return seqs.includes(2) && attempt < 2 * CONSUMER_TRIES_MAX && away;
  });
  t.strictSame(handled, [1, 2, 3]);
  t.strictSame(parked, []);
});
