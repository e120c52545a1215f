/**
 * Accounts in their tables, and what the journal is told of them.
 *
 * Each account is one row, changed by compare-and-set only. Events are written into the row with the change
 * (an outbox) and told right after; whoever changes the account next tells what a crash left untold. A
 * deletion goes the other way round: it is journaled first, and this actor's own consumer erases.
 */
import { ACCOUNT_WRITE_TRIES_MAX, ACCOUNT_WRITES_REMEMBERED } from '../../config/limits.ts';
import { Consumers } from '../../kit/consumers.ts';
import { NotFoundError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Sources } from '../../kit/sources.ts';
import { AUDIT_SUBJECT } from './audit.ts';
import { ACCOUNTS_STREAM, type AccountEvent, deletedAccountIn } from './contract.ts';
import { type Account, asToday, type Change } from './domain.ts';
import { accountContended, usernameTaken } from './refusals.ts';
import { ACCOUNTS, type AccountRow } from './tables.ts';
import { openUsernames } from './usernames.ts';

const log = logger('accounts-store');

export interface AccountStore extends AsyncDisposable {
  byId(userId: string): Promise<Account | undefined>;
  byUsername(username: string): Promise<Account | undefined>;
  /** @throws NotFoundError `ACCOUNT_NOT_FOUND`. */
  require(userId: string): Promise<Account>;
  /** In the order asked for. */
  many(userIds: readonly string[]): Promise<(Account | undefined)[]>;
  /** Holds a free name for an account about to be created. @throws ConflictError `USERNAME_TAKEN`. */
  claim(username: string, userId: string): Promise<void>;
  unclaim(username: string, userId: string): Promise<void>;
  /** @throws ConflictError `USERNAME_TAKEN` when the claim had run out and another one has the name. */
  create(account: Account, events?: readonly AccountEvent[]): Promise<void>;
  /**
   * Decides and writes; decides again on what is there when another write came first.
   *
   * @throws the rejection of `decide`; NotFoundError; UnavailableError `ACCOUNT_CONTENDED`.
   */
  change<R>(userId: string, decide: (account: Account) => Change<R>): Promise<{ account: Account; reply: R }>;
  /** Once this resolves the account is gone; when it fails after the journal took it, it goes later. */
  delete(userId: string): Promise<void>;
  list(
    after: string | undefined,
    limit: number,
    prefix?: string,
  ): Promise<{ items: Account[]; nextCursor?: string }>;
}

export interface StoreDeps {
  readonly tables: Tables;
  readonly journal: Journal;
  readonly sources: Sources;
}

const subjectOf = (userId: string): string => `${ACCOUNTS_STREAM}.${userId}`;

export async function openAccountStore({ tables, journal, sources }: StoreDeps): Promise<AccountStore> {
  const accounts = tables.open(ACCOUNTS);
  const { clock, ids } = sources;
  const usernames = openUsernames({
    tables,
    clock,
    hasAccount: async (userId) => (await accounts.get(userId, [])) !== undefined,
  });

  const live = (row: AccountRow | undefined): Account | undefined =>
    row?.s === 'live' ? asToday(row.account) : undefined;
  const byId = async (userId: string): Promise<Account | undefined> => live(await accounts.get(userId, []));
  const many = async (userIds: readonly string[]) =>
    (await accounts.getMany(userIds.map((userId) => [userId, []] as const))).map(live);
  const withMessageIds = (events: readonly AccountEvent[]) =>
    events.map((event) => ({ messageId: ids.next(), event }));

  /** What cannot be told now stays in the outbox: the change itself is done and must not fail for it. */
  async function tell(userId: string, row: AccountRow, version: number): Promise<void> {
    if (row.s !== 'live' || row.outbox.length === 0) return;
    try {
      for (const { messageId, event } of row.outbox) {
        const subject = event.type === 'administered' ? AUDIT_SUBJECT : subjectOf(userId);
        await journal.append(ACCOUNTS_STREAM, subject, event, { messageId });
      }
      await accounts.compareAndSet(userId, [], version, { ...row, outbox: [] });
    } catch (error) {
      log.warn({ err: error, userId }, 'events are told later');
    }
  }

  const gone = (): NotFoundError => new NotFoundError('ACCOUNT_NOT_FOUND', 'There is no such account.');

  async function change<R>(userId: string, decide: (account: Account) => Change<R>) {
    /** Writes of which the engine could not tell whether they were done, with what they would have answered. */
    const doubted = new Map<string, R>();
    for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
      const current = await accounts.getVersioned(userId, []);
      if (current?.row.s !== 'live') throw gone();
      const { row, version } = current;
      const recentWrites = row.recentWrites ?? [];
      const done = recentWrites.find((writeId) => doubted.has(writeId));
      if (done !== undefined) {
        await tell(userId, row, version);
        return { account: row.account, reply: doubted.get(done) as R };
      }
      const decision = decide(asToday(row.account));
      if (!decision.accepted) throw decision.rejection;
      const { account, events, reply } = decision;
      if (account === row.account && events.length === 0) return { account, reply };
      const writeId = ids.next();
      const after: AccountRow = {
        ...row,
        account,
        outbox: [...row.outbox, ...withMessageIds(events)],
        recentWrites: [writeId, ...recentWrites].slice(0, ACCOUNT_WRITES_REMEMBERED),
      };
      const written = await accounts.compareAndSet(userId, [], version, after);
      if (written.s === 'applied') {
        await tell(userId, after, written.version);
        return { account, reply };
      }
      if (written.s === 'unknown') doubted.set(writeId, reply);
    }
    throw accountContended();
  }

  /** From here on nobody can log in, refresh or be found. */
  async function bury(userId: string): Promise<AccountRow | undefined> {
    for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
      const current = await accounts.getVersioned(userId, []);
      if (current?.row.s !== 'live') return current?.row;
      const grave: AccountRow = { s: 'deleted', username: current.row.account.username };
      const written = await accounts.compareAndSet(userId, [], current.version, grave);
      if (written.s === 'applied') return grave;
    }
    throw accountContended();
  }

  /** Can be repeated at any point. The row goes last, since it alone knows the name to free. */
  async function erase(userId: string): Promise<void> {
    const grave = await bury(userId);
    if (grave?.s !== 'deleted') return;
    await usernames.unclaim(grave.username, userId);
    await accounts.delete(userId, []);
  }

  /** One more attempt at a row that is there already shows whether it is the one just written. */
  async function insertAccount(userId: string, row: AccountRow): Promise<number> {
    for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
      const written = await accounts.insertIfAbsent(userId, [], row);
      if (written.s === 'applied') return written.version;
      // The id is new, so a row that is there is the one just written.
      const there = written.s === 'rejected' ? await accounts.getVersioned(userId, []) : undefined;
      if (there) return there.version;
    }
    throw accountContended();
  }

  const erasing = new Consumers(journal);
  await erasing.open({
    stream: ACCOUNTS_STREAM,
    consumer: 'accounts-erasure',
    handle: async (records) => {
      for (const { data } of records) {
        const userId = deletedAccountIn(data);
        if (userId !== undefined) await erase(userId);
      }
    },
  });

  return {
    byId,
    many,
    change,
    claim: usernames.claim,
    unclaim: usernames.unclaim,

    async byUsername(username) {
      const userId = await usernames.holderOf(username);
      return userId === undefined ? undefined : byId(userId);
    },

    async require(userId) {
      const account = await byId(userId);
      if (!account) throw gone();
      return account;
    },

    async create(account, more = []) {
      const { userId, username, country } = account;
      const event: AccountEvent = { type: 'accountCreated', userId, country };
      const row: AccountRow = { s: 'live', account, outbox: withMessageIds([event, ...more]) };
      // First, so that no account is ever missing in the list.
      await usernames.enlist(username, userId);
      const version = await insertAccount(userId, row);
      // A process that was stopped since its claim may find that the claim has run out.
      const holder = await usernames.holderOf(username);
      if (holder !== userId) {
        await accounts.delete(userId, []);
        if (holder !== undefined) await usernames.enlist(username, holder);
        throw usernameTaken();
      }
      await tell(userId, row, version);
    },

    async delete(userId) {
      const event: AccountEvent = { type: 'accountDeleted', userId };
      await journal.append(ACCOUNTS_STREAM, subjectOf(userId), event);
      await bury(userId);
      // This process or another erases, and nobody else beside it.
      await erasing.caughtUp();
    },

    async list(after, limit, prefix = '') {
      const { userIds, nextCursor } = await usernames.page(after, limit, prefix);
      const found = await many(userIds);
      return {
        items: found.filter((account) => account !== undefined),
        ...(nextCursor !== undefined && { nextCursor }),
      };
    },

    [Symbol.asyncDispose]: () => erasing[Symbol.asyncDispose](),
  };
}
