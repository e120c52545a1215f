import t from 'tap';
import {
  EDGE_REPORT_AFTER_MS,
  EDGE_REPORT_APPENDS_AT_ONCE_MAX,
  EDGE_REPORT_SWEEP_EVERY_MS,
} from '../../config/limits.ts';
import { NOBODY, type SegmentsServed } from './contract.ts';
import { createServedReport } from './served.ts';

const SONG = 'S'.repeat(22);

function fixture(playsMax = 100) {
  let nowMs = 0;
  let timer: (() => void) | undefined;
  const written: { subject: string; record: SegmentsServed }[] = [];
  const journal = {
    away: false,
    async append(_stream: string, subject: string, record: unknown) {
      if (journal.away) throw new Error('the journal is away');
      written.push({ subject, record: record as SegmentsServed });
      return written.length;
    },
  };
  const clock = {
    nowMs: () => nowMs,
    after(_delayMs: number, fn: () => void) {
      timer = fn;
      return { cancel: () => (timer = undefined) };
    },
  };
  const report = createServedReport({ journal, clock, playsMax });
  const pass = async (ms: number): Promise<void> => {
    for (const end = nowMs + ms; nowMs < end; ) {
      nowMs += EDGE_REPORT_SWEEP_EVERY_MS;
      const due = timer;
      timer = undefined;
      due?.();
      while (!timer) await new Promise(setImmediate);
    }
  };
  return { report, journal, written, pass };
}

t.test('segments of one play make one record after a while', async (t) => {
  const { report, written, pass } = fixture();
  for (const index of [2, 0, 1, 1]) report.served('p1', SONG, 96, index);
  report.served('p1', SONG, 160, 3);
  report.served('p2', SONG, 96, 0);
  await pass(EDGE_REPORT_AFTER_MS - EDGE_REPORT_SWEEP_EVERY_MS);
  t.equal(written.length, 0, 'they wait for more');
  await pass(EDGE_REPORT_SWEEP_EVERY_MS);
  t.same(
    written.map(({ subject, record }) => [subject, record.songId, record.rungs]),
    [
      [
        'edge.p1',
        SONG,
        [
          { rung: 96, segments: [0, 1, 2] },
          { rung: 160, segments: [3] },
        ],
      ],
      ['edge.p2', SONG, [{ rung: 96, segments: [0] }]],
    ],
  );
  await pass(EDGE_REPORT_AFTER_MS);
  t.equal(written.length, 2, 'nothing is written twice');
});

t.test('what the journal did not take is written when it is back, with what came since', async (t) => {
  const { report, journal, written, pass } = fixture();
  journal.away = true;
  report.served('p1', SONG, 96, 0);
  await pass(EDGE_REPORT_AFTER_MS);
  report.served('p1', SONG, 96, 1);
  journal.away = false;
  await pass(EDGE_REPORT_AFTER_MS);
  t.same(
    written.flatMap(({ record }) => record.rungs),
    [{ rung: 96, segments: [0, 1] }],
  );
});

t.test('many plays are written several at a time, and only those that failed again', async (t) => {
  const { report, journal, written, pass } = fixture();
  const append = journal.append.bind(journal);
  let [atOnce, atOnceMax] = [0, 0];
  const failing = new Set(['edge.p3']);
  journal.append = async (stream, subject, record) => {
    atOnceMax = Math.max(atOnceMax, ++atOnce);
    await new Promise(setImmediate);
    atOnce--;
    if (failing.delete(subject)) throw new Error('this one fails');
    return append(stream, subject, record);
  };
  for (let i = 0; i < 40; i++) report.served(`p${i}`, SONG, 96, 0);
  await pass(EDGE_REPORT_AFTER_MS);
  await pass(EDGE_REPORT_AFTER_MS);
  t.equal(atOnceMax, EDGE_REPORT_APPENDS_AT_ONCE_MAX);
  t.equal(written.length, 40);
  t.equal(new Set(written.map(({ subject }) => subject)).size, 40, 'each once');
});

t.test('dispose writes what still waits', async (t) => {
  const { report, written } = fixture();
  report.served('p1', SONG, 96, 7);
  await report[Symbol.asyncDispose]();
  t.same(
    written.map(({ record }) => record.rungs),
    [[{ rung: 96, segments: [7] }]],
  );
});

t.test('plays that wait are bounded: halfway they are written at once', async (t) => {
  const { report, written } = fixture(4);
  for (const id of ['p1', 'p2']) report.served(id, SONG, 96, 0);
  await new Promise(setImmediate);
  t.same(written.length, 2);
});

t.test('with the journal away, no more plays are kept than the bound', async (t) => {
  const { report, journal, written } = fixture(4);
  journal.away = true;
  for (let i = 0; i < 10; i++) report.served(`p${i}`, SONG, 96, 0);
  journal.away = false;
  await report[Symbol.asyncDispose]();
  t.ok(written.length <= 4, `${written.length} were kept`);
});

t.test('what was fetched ahead for nobody is no play', async (t) => {
  const { report, written } = fixture();
  report.served(NOBODY, SONG, 96, 0);
  await report[Symbol.asyncDispose]();
  t.same(written, []);
});
