/**
 * Writes that depend on what is there: Cassandra's lightweight transactions, with answers that can be trusted.
 *
 * Each write carries a random id that stays in the row. When an answer is lost the same statement is sent
 * again: either it applies now, which shuts out the first copy for good, or what is there says by its id
 * whether the first copy had applied. So it may be sent twice, by the driver as well.
 */
import cassandra, { type types } from 'cassandra-driver';
import {
  CASSANDRA_CONDITIONAL_RETRY_MS,
  CASSANDRA_CONDITIONAL_TRIES_MAX,
} from '../../config/engine-limits.ts';
import type { Mailboxes } from '../../kit/actor/mailbox.ts';
import { currentCall } from '../../kit/call-context.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Cas, Versioned } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import type { TableCql } from './cql.ts';
import type { Session } from './session.ts';

/** Partition, then clustering. */
type Key = readonly (string | number)[];

export interface ConditionalWrites<R> {
  get(key: Key): Promise<Versioned<R> | undefined>;
  insertIfAbsent(key: Key, json: string, ttlSec: number): Promise<Cas<R>>;
  compareAndSet(key: Key, expectedVersion: number, json: string): Promise<Cas<R>>;
  /** All of one partition, all or nothing. */
  delete(keys: readonly Key[]): Promise<void>;
}

export interface ConditionalDeps {
  readonly session: Session;
  readonly cql: TableCql;
  readonly clock: Clock;
  /** Agreements on one partition delay each other, so that those of one process go one by one. */
  readonly turns: Mailboxes;
}

export function conditionalWrites<R>({ session, cql, clock, turns }: ConditionalDeps): ConditionalWrites<R> {
  const inTurn = <T>(key: Key, work: () => Promise<T>): Promise<T> =>
    turns.inTurn(JSON.stringify([cql.get, key[0]]), work);
  const pause = (tries: number): Promise<void> =>
    new Promise((resolve) => void clock.after(tries * CASSANDRA_CONDITIONAL_RETRY_MS, resolve));

  /** Whether nobody waits for the answer any more, while others wait for their turn. */
  const isLate = (): boolean => clock.nowMs() >= (currentCall().deadlineMs ?? Number.POSITIVE_INFINITY);

  /** @throws UnavailableError when nothing was written. */
  async function settle(
    query: string,
    params: readonly unknown[],
    write: { readonly id: types.Uuid; readonly version: number },
  ): Promise<Cas<R>> {
    let inDoubt = false;
    for (let tries = 1; ; tries++) {
      try {
        const result = await session.execute(query, params);
        inDoubt ||= wasSentTwice(result);
        return outcomeOf(result, write, inDoubt);
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        inDoubt ||= error.data.inDoubt === true;
        if (tries === CASSANDRA_CONDITIONAL_TRIES_MAX || isLate()) {
          if (inDoubt) return { s: 'unknown' };
          throw error;
        }
      }
      await pause(tries);
    }
  }

  /** The ids of the writes that left the rows as they are; none for a row that is not there. */
  async function writeIds(keys: readonly Key[]): Promise<(readonly [key: Key, id: types.Uuid])[]> {
    const [first = []] = keys;
    const { rows } =
      first.length === 1
        ? await session.execute(cql.get, first, { serial: true })
        : await session.execute(cql.getSeveral, [first[0], tuplesOf(keys)], { serial: true });
    return rows.map((found) => [
      [first[0] as string, ...cql.clustering.map((column) => found[column] as string | number)],
      found.write_id as types.Uuid,
    ]);
  }

  /** Takes away what it has seen and nothing newer, so that a late copy of it cannot harm a new row. */
  async function deleteSeen(keys: readonly Key[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const seen = await writeIds(keys);
        if (seen.length === 0) return;
        const deletes = seen.map(([key, id]) => ({ query: cql.deleteIf, params: [...key, id] }));
        if ((await session.batch(deletes)).wasApplied()) return;
      } catch (error) {
        if (!(error instanceof UnavailableError) || tries === CASSANDRA_CONDITIONAL_TRIES_MAX || isLate()) {
          throw error;
        }
      }
      if (tries === CASSANDRA_CONDITIONAL_TRIES_MAX) throw contended();
      await pause(tries);
    }
  }

  return {
    async get(key) {
      const { rows } = await session.execute(cql.get, key);
      return rows[0] && versionedOf<R>(rows[0]);
    },
    insertIfAbsent: (key, json, ttlSec) =>
      inTurn(key, () => {
        const id = cassandra.types.Uuid.random();
        return settle(cql.insertIfAbsent, [...key, json, 1, id, ttlSec], { id, version: 1 });
      }),
    compareAndSet: (key, expectedVersion, json) =>
      inTurn(key, () => {
        const id = cassandra.types.Uuid.random();
        const version = expectedVersion + 1;
        const params = [json, version, id, ...key, expectedVersion, id];
        return settle(cql.compareAndSet, params, { id, version });
      }),
    delete: (keys) => inTurn(keys[0] ?? [], () => deleteSeen(keys)),
  };
}

const contended = (): UnavailableError =>
  new UnavailableError('ROW_CONTENDED', 'This row changes too often at once; try again.');

const versionedOf = <R>(found: types.Row): Versioned<R> => ({
  row: JSON.parse(found.row as string) as R,
  version: Number(found.version),
});

function outcomeOf<R>(
  result: types.ResultSet,
  write: { readonly id: types.Uuid; readonly version: number },
  inDoubt: boolean,
): Cas<R> {
  const { id, version } = write;
  if (result.wasApplied()) return { s: 'applied', version };
  const found = result.first();
  if (typeof found?.row !== 'string') return inDoubt ? { s: 'unknown' } : { s: 'rejected' };
  if (id.equals(found.write_id as types.Uuid)) return { s: 'applied', version };
  const current = versionedOf<R>(found);
  // What stands at the version that we wanted to write shows that we did not; what came after hides it.
  return inDoubt && current.version > version ? { s: 'unknown' } : { s: 'rejected', current };
}

function wasSentTwice({ info }: types.ResultSet): boolean {
  return (
    info.speculativeExecutions > 0 || Object.values(info.triedHosts).some((tried) => tried instanceof Error)
  );
}

export const tuplesOf = (keys: readonly Key[]): types.Tuple[] =>
  keys.map(([, ...ck]) => new cassandra.types.Tuple(...ck));
