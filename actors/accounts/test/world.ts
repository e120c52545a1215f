/** Accounts over engines in memory, with cheap hashes; what most tests start from. */

import { assertValid } from '../../../kit/validate.ts';
import { type Accounts, type AccountsDeps, createAccounts } from '../actor.ts';
import { accountsContract, type Session } from '../contract.ts';
import {
  type MemoryJournal,
  type MemoryTables,
  memoryCache,
  memoryJournal,
  memoryTables,
  type TestClock,
  testClock,
  testSources,
} from './engines.ts';

export const HASH_LIMITS = { memoryKib: 64, passes: 1, lanes: 1, atOnceMax: 2, waitingMax: 8 };
export const PASSWORD = 'four unrelated words';

const notAsked = async (): Promise<never> => {
  throw new Error('this test pays for nothing');
};

export interface World {
  readonly clock: TestClock;
  readonly tables: MemoryTables;
  readonly journal: MemoryJournal;
  readonly deps: AccountsDeps;
  readonly accounts: Accounts;
  readonly call: Accounts['handlers'];
  /** Another process over the same data. */
  restart(changes?: Partial<AccountsDeps>): Promise<Accounts>;
  signUp(username: string, more?: object): Promise<Session>;
  events(userId: string): string[];
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

export async function world(changes: Partial<AccountsDeps> = {}): Promise<World> {
  const clock = testClock();
  const tables = memoryTables();
  const journal = memoryJournal(clock);
  const deps: AccountsDeps = {
    tables,
    journal,
    cache: memoryCache(clock),
    payments: { start: notAsked, renew: notAsked },
    sources: testSources(clock),
    masterSecret: 'a master secret of thirty-two bytes or more',
    defaultCountry: 'SE',
    openSignUp: true,
    hashLimits: HASH_LIMITS,
    ...changes,
  };
  const accounts = await createAccounts(deps);
  const call = checked(accounts.handlers);
  return {
    clock,
    tables,
    journal,
    deps,
    accounts,
    call,
    restart: (changes) => createAccounts({ ...deps, ...changes }),
    signUp: (username, more = {}) =>
      call.signUp({ username, password: PASSWORD, deviceName: 'first', ...more }),
    events: (userId) =>
      journal.records
        .filter(({ subject }) => subject === `accounts.${userId}`)
        .map(({ data }) => (data as { type: string }).type),
  };
}
