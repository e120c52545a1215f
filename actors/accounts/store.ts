/**
 * Accounts in their tables, and what the journal is told of them.
 *
 * Each account is one row, changed by compare-and-set only. Events are written into the row with the change
 * (an outbox) and told right after; whoever changes the account next tells what a crash left untold. A
 * deletion goes the other way round: it is journaled first, and this actor's own consumer erases.
 */
import {
  ACCOUNT_WRITE_TRIES_MAX,
  ACCOUNT_WRITES_REMEMBERED,
  USERNAME_CLAIM_TTL_MS,
} from '../../config/limits.ts';
import { Consumers } from '../../kit/consumers.ts';
import { BadRequestError, ConflictError, NotFoundError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Sources } from '../../kit/sources.ts';
import { ACCOUNTS_STREAM, type AccountEvent, deletedAccountIn } from './contract.ts';
import type { Account, Change } from './domain.ts';
import { ACCOUNTS, type AccountRow, USERNAMES, type UsernameRow } from './tables.ts';

const log = logger('accounts-store');
const INITIALS = '0123456789abcdefghijklmnopqrstuvwxyz';
/** Sorts behind whatever a username is made of. */
const BEHIND_ALL = '~';

export interface AccountStore extends AsyncDisposable {
  byId(userId: string): Promise<Account | undefined>;
  byUsername(username: string): Promise<Account | undefined>;
  /** @throws NotFoundError `ACCOUNT_NOT_FOUND`. */
  require(userId: string): Promise<Account>;
  /** Holds a free name for an account about to be created. @throws ConflictError `USERNAME_TAKEN`. */
  claim(username: string, userId: string): Promise<void>;
  unclaim(username: string, userId: string): Promise<void>;
  /** @throws ConflictError `USERNAME_TAKEN` when the claim had run out and another one has the name. */
  create(account: Account): Promise<void>;
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
const initialOf = (username: string): string => username.slice(0, 1);

export async function openAccountStore({ tables, journal, sources }: StoreDeps): Promise<AccountStore> {
  const accounts = tables.open(ACCOUNTS);
  const usernames = tables.open(USERNAMES);
  const { clock, ids } = sources;

  const live = (row: AccountRow | undefined): Account | undefined =>
    row?.s === 'live' ? row.account : undefined;
  const byId = async (userId: string): Promise<Account | undefined> => live(await accounts.get(userId, []));
  const withMessageIds = (events: readonly AccountEvent[]) =>
    events.map((event) => ({ messageId: ids.next(), event }));

  /** What cannot be told now stays in the outbox: the change itself is done and must not fail for it. */
  async function tell(userId: string, row: AccountRow, version: number): Promise<void> {
    if (row.s !== 'live' || row.outbox.length === 0) return;
    try {
      for (const { messageId, event } of row.outbox) {
        await journal.append(ACCOUNTS_STREAM, subjectOf(userId), event, { messageId });
      }
      await accounts.compareAndSet(userId, [], version, { ...row, outbox: [] });
    } catch (error) {
      log.warn({ err: error, userId }, 'events are told later');
    }
  }

  const contended = (): UnavailableError =>
    new UnavailableError('ACCOUNT_CONTENDED', 'Too many changes at once; try again.');
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
      const decision = decide(row.account);
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
    throw contended();
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
    throw contended();
  }

  /** Can be repeated at any point. The row goes last, since it alone knows the name to free. */
  async function erase(userId: string): Promise<void> {
    const grave = await bury(userId);
    if (grave?.s !== 'deleted') return;
    await unclaim(grave.username, userId);
    await accounts.delete(userId, []);
  }

  async function unclaim(username: string, userId: string): Promise<void> {
    const claim = await usernames.get(initialOf(username), [username]);
    if (claim?.userId === userId) await usernames.delete(initialOf(username), [username]);
  }

  const taken = (): ConflictError =>
    new ConflictError('USERNAME_TAKEN', 'This name is taken; choose another.');

  /** A claim without an account was left by a sign-up that broke off. */
  const isAbandoned = async (claim: UsernameRow): Promise<boolean> =>
    clock.nowMs() - claim.claimedAtMs > USERNAME_CLAIM_TTL_MS &&
    (await accounts.get(claim.userId, [])) === undefined;

  /** One more attempt at a row that is there already shows whether it is the one just written. */
  async function insertAccount(userId: string, row: AccountRow): Promise<number> {
    for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
      const written = await accounts.insertIfAbsent(userId, [], row);
      if (written.s === 'applied') return written.version;
      // The id is new, so a row that is there is the one just written.
      const there = written.s === 'rejected' ? await accounts.getVersioned(userId, []) : undefined;
      if (there) return there.version;
    }
    throw contended();
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
    change,
    unclaim,

    async byUsername(username) {
      const claim = await usernames.get(initialOf(username), [username]);
      return claim && byId(claim.userId);
    },

    async require(userId) {
      const account = await byId(userId);
      if (!account) throw gone();
      return account;
    },

    async claim(username, userId) {
      const claim = { userId, claimedAtMs: clock.nowMs() };
      const [initial, key] = [initialOf(username), [username] as [string]];
      for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
        if ((await usernames.insertIfAbsent(initial, key, claim)).s === 'applied') return;
        const holder = await usernames.getVersioned(initial, key);
        if (holder?.row.userId === userId) return;
        if (!holder) continue;
        if (!(await isAbandoned(holder.row))) throw taken();
        if ((await usernames.compareAndSet(initial, key, holder.version, claim)).s === 'applied') return;
      }
      throw contended();
    },

    async create(account) {
      const { userId, username, country } = account;
      const event: AccountEvent = { type: 'accountCreated', userId, country };
      const row: AccountRow = { s: 'live', account, outbox: withMessageIds([event]) };
      const version = await insertAccount(userId, row);
      // A process that was stopped since its claim may find that the claim has run out.
      const claim = await usernames.get(initialOf(username), [username]);
      if (claim?.userId !== userId) {
        await accounts.delete(userId, []);
        throw taken();
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
      const first = after ?? prefix;
      const from = first === '' ? 0 : INITIALS.indexOf(initialOf(first));
      if (from < 0 || !first.startsWith(prefix)) {
        throw new BadRequestError('BAD_CURSOR', 'Use the nextCursor of the page before.');
      }
      const initials = prefix === '' ? INITIALS.length : from + 1;
      const claims: { username: string; userId: string }[] = [];
      for (let i = from; i < initials && claims.length <= limit; i++) {
        const initial = INITIALS.charAt(i);
        const range = {
          ...(first !== '' && i === from && { from: [first] as [string] }),
          ...(prefix !== '' && { to: [prefix + BEHIND_ALL] as [string] }),
        };
        // One more for the cursor's own row, one more to know whether there is a next page.
        const page = await usernames.scan(initial, { ...range, limit: limit + 2 - claims.length });
        for (const { ck, row } of page.rows) {
          if (ck[0] !== after) claims.push({ username: ck[0], userId: row.userId });
        }
      }
      const shown = claims.slice(0, limit);
      const rows = await accounts.getMany(shown.map(({ userId }) => [userId, []] as const));
      const last = claims.length > limit ? shown.at(-1) : undefined;
      return {
        items: rows.map(live).filter((account) => account !== undefined),
        ...(last && { nextCursor: last.username }),
      };
    },

    [Symbol.asyncDispose]: () => erasing[Symbol.asyncDispose](),
  };
}
