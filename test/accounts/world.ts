/** Accounts over the embedded engines in a folder of their own, with cheap hashes; what most tests start from. */
import type { Test } from 'tap';
import { type Accounts, type AccountsDeps, createAccounts } from '../../actors/accounts/actor.ts';
import { accountsContract, type Session } from '../../actors/accounts/contract.ts';
import { openCache } from '../../infra/embedded/cache.ts';
import { assertValid } from '../../kit/validate.ts';
import { type ManualClock, openLmdb } from '../contract-suites/harness.ts';
import { testSources } from './sources.ts';

export const HASH_LIMITS = { memoryKib: 64, passes: 1, lanes: 1, atOnceMax: 2, waitingMax: 8 };
export const PASSWORD = 'four unrelated words';
/** An administrator who acts, where it does not matter which one. */
export const BY = 'b'.repeat(22);

const notAsked = async (): Promise<never> => {
  throw new Error('this test pays for nothing');
};

export interface World {
  readonly clock: ManualClock;
  readonly deps: AccountsDeps;
  readonly accounts: Accounts;
  readonly call: Accounts['handlers'];
  /** Another process over the same data. */
  restart(changes?: Partial<AccountsDeps>): Promise<Accounts>;
  signUp(username: string, more?: object): Promise<Session>;
  /** Types of what the journal was told, in order. */
  events(userId: string): Promise<string[]>;
  /** Every row that is stored, as text: what a thief of the database reads. */
  dump(): string;
}

/** The handlers as the bus calls them: a result that breaks the contract fails the test. */
function checked(handlers: Accounts['handlers']): Accounts['handlers'] {
  const methods = Object.entries(accountsContract.actions).map(([name, { params, result }]) => [
    name,
    async (given: unknown) => {
      assertValid(params, given, name);
      const answer: unknown = await handlers[name as keyof typeof handlers](given as never);
      assertValid(result, answer, `result of ${name}`);
      return answer;
    },
  ]);
  return Object.fromEntries(methods);
}

export async function world(t: Test, changes: Partial<AccountsDeps> = {}): Promise<World> {
  const lmdb = await openLmdb(Date.UTC(2026, 0, 1));
  const { clock, store, tables, journal } = lmdb;
  const deps: AccountsDeps = {
    tables,
    journal,
    cache: openCache(clock),
    payments: { start: notAsked, renew: notAsked },
    sources: testSources(clock),
    masterSecret: 'a master secret of thirty-two bytes or more',
    defaultCountry: 'SE',
    openSignUp: true,
    hashLimits: HASH_LIMITS,
    ...changes,
  };
  const processes: Accounts[] = [];
  const start = async (changes: Partial<AccountsDeps> = {}): Promise<Accounts> => {
    const started = await createAccounts({ ...deps, ...changes });
    processes.push(started);
    return started;
  };
  const accounts = await start();
  const call = checked(accounts.handlers);

  t.teardown(async () => {
    for (const resource of [...processes, lmdb]) await resource[Symbol.asyncDispose]();
  });
  return {
    clock,
    deps,
    accounts,
    call,
    restart: start,
    signUp: (username, more = {}) =>
      call.signUp({ username, password: PASSWORD, deviceName: 'first', ...more }),
    async events(userId) {
      const records = await journal.read('accounts', `accounts.${userId}`);
      return records.map(({ data }) => (data as { type: string }).type);
    },
    dump: () =>
      [...store.database('tables.rows').getRange({})]
        .map(({ key, value }) => `${JSON.stringify(key)} ${value}`)
        .join('\n'),
  };
}
