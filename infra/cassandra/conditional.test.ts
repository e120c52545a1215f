// Goal: no answer about a conditional write is a guess. Method: a session that answers as told, with each way
// in which Cassandra can leave a write in doubt.
import cassandra, { type types } from 'cassandra-driver';
import t from 'tap';
import { createMailboxes } from '../../kit/actor/mailbox.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { conditionalWrites } from './conditional.ts';
import { cqlOf } from './cql.ts';
import type { Session } from './session.ts';

type Answer = Error | { readonly applied: boolean; readonly row?: object; readonly triedHosts?: object };
const MINE = 'mine';
const other = cassandra.types.Uuid.random();
const away = (inDoubt: boolean) => new UnavailableError('AWAY', 'Away.', { inDoubt });

/** Answers in turn; a row whose write id is MINE has that of the write asked for. */
function answering(answers: Answer[]) {
  const clock = manualClock();
  const asked: { query: string; id: unknown }[] = [];
  const session: Session = {
    async execute(query, params) {
      const id = params.find((param) => param instanceof cassandra.types.Uuid);
      asked.push({ query, id });
      const answer = answers.shift();
      if (!answer) throw new Error('asked too often');
      setImmediate(() => clock.advance(60_000));
      if (answer instanceof Error) throw answer;
      const row = answer.row && { row: '{"n":7}', version: 1, write_id: other, ...answer.row };
      const found = row && (row.write_id as unknown) === MINE ? { ...row, write_id: id } : row;
      return {
        wasApplied: () => answer.applied,
        first: () => found ?? null,
        rows: found ? [found] : [],
        info: { speculativeExecutions: 0, triedHosts: answer.triedHosts ?? {} },
      } as unknown as types.ResultSet;
    },
    batch: () => Promise.reject(new Error('not here')),
  };
  const cql = cqlOf('k', { name: 'things', partition: 'id', clustering: [], conditional: true });
  const writes = conditionalWrites<{ n: number }>({ session, cql, clock, turns: createMailboxes(8) });
  return { writes, asked };
}

const cas = (answers: Answer[]) => answering(answers).writes.compareAndSet(['p'], 3, '{"n":8}');
const at = (version: number, write_id?: unknown) => ({
  applied: false,
  row: { version, ...(write_id !== undefined && { write_id }) },
});
const rejectedAt = (version: number) => ({ s: 'rejected', current: { row: { n: 7 }, version } });

void t.test('an answer that came at once is taken as it is', async (t) => {
  t.strictSame(await cas([{ applied: true }]), { s: 'applied', version: 4 });
  t.strictSame(await cas([at(4)]), rejectedAt(4));
  t.strictSame(await cas([at(9)]), rejectedAt(9));
  t.strictSame(await cas([{ applied: false }]), { s: 'rejected' });
});

void t.test(
  'after a lost answer the same write is sent again, and its id tells what became of it',
  async (t) => {
    const { writes, asked } = answering([away(true), { applied: true }]);
    t.strictSame(await writes.compareAndSet(['p'], 3, '{"n":8}'), { s: 'applied', version: 4 });
    t.equal(asked.length, 2);
    t.strictSame(asked[0], asked[1]);
    t.strictSame(await cas([away(true), at(4, MINE)]), { s: 'applied', version: 4 });
    t.strictSame(await cas([away(true), at(4)]), rejectedAt(4));
    t.strictSame(await cas([away(true), at(2)]), rejectedAt(2));
    t.strictSame(
      await cas([away(true), at(5)]),
      { s: 'unknown' },
      'a later version hides whose the wanted one was',
    );
    t.strictSame(await cas([away(true), { applied: false }]), { s: 'unknown' });
  },
);

void t.test('a write that the driver sent twice by itself is as much in doubt', async (t) => {
  const twice = { triedHosts: { a: new Error('timeout'), b: null } };
  t.strictSame(await cas([{ ...at(4, MINE), ...twice }]), { s: 'applied', version: 4 });
  t.strictSame(await cas([{ ...at(5), ...twice }]), { s: 'unknown' });
});

void t.test(
  'when nothing more can be learnt the answer is unknown, or a failure if nothing was done',
  async (t) => {
    t.strictSame(await cas([away(true), away(false), away(false)]), { s: 'unknown' });
    await t.rejects(cas([away(false), away(false), away(false)]), { code: 'AWAY' });
    await t.rejects(cas([new TypeError('a fault of ours')]), { name: 'TypeError' });
  },
);
