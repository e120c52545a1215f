/**
 * Who has which name, and all names in order.
 *
 * A claim is a partition of its own, so that sign-ups never wait for each other's agreement. The list, for
 * administrators, follows it. In a data folder older than the claims a name is only listed, and counts as claimed.
 */
import { ACCOUNT_WRITE_TRIES_MAX, USERNAME_CLAIM_TTL_MS } from '../../config/limits.ts';
import { BadRequestError } from '../../kit/errors.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import { accountContended, usernameTaken } from './refusals.ts';
import { type ClaimRow, USERNAME_CLAIMS, USERNAMES } from './tables.ts';

const INITIALS = '0123456789abcdefghijklmnopqrstuvwxyz';
/** Sorts behind whatever a username is made of. */
const BEHIND_ALL = '~';

export interface Usernames {
  /** The user id by which the name is claimed; there may be no account of it yet. */
  holderOf(username: string): Promise<string | undefined>;
  /** Holds a free name for an account about to be created. @throws ConflictError `USERNAME_TAKEN`. */
  claim(username: string, userId: string): Promise<void>;
  /** Frees the name if it is this user's. Can be repeated. */
  unclaim(username: string, userId: string): Promise<void>;
  /** Shows the claimed name in the list. Can be repeated. */
  enlist(username: string, userId: string): Promise<void>;
  /** User ids in the order of names. @throws BadRequestError `BAD_CURSOR`. */
  page(
    after: string | undefined,
    limit: number,
    prefix: string,
  ): Promise<{ userIds: string[]; nextCursor?: string }>;
}

export interface UsernamesDeps {
  readonly tables: Tables;
  readonly clock: Clock;
  /** Whether there is an account of this id, be it on its way out. */
  readonly hasAccount: (userId: string) => Promise<boolean>;
}

const initialOf = (username: string): string => username.slice(0, 1);

export function openUsernames({ tables, clock, hasAccount }: UsernamesDeps): Usernames {
  const claims = tables.open(USERNAME_CLAIMS);
  const listed = tables.open(USERNAMES);

  const listedHolder = async (username: string): Promise<string | undefined> =>
    (await listed.get(initialOf(username), [username]))?.userId;

  /** A claim without an account was left by a sign-up that broke off. */
  const isAbandoned = async ({ userId, claimedAtMs }: ClaimRow): Promise<boolean> =>
    clock.nowMs() - claimedAtMs > USERNAME_CLAIM_TTL_MS && !(await hasAccount(userId));

  return {
    holderOf: async (username) => (await claims.get(username, []))?.userId ?? listedHolder(username),

    async claim(username, userId) {
      const before = await listedHolder(username);
      if (before !== undefined && before !== userId && (await hasAccount(before))) throw usernameTaken();
      const claim: ClaimRow = { userId, claimedAtMs: clock.nowMs() };
      for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
        if ((await claims.insertIfAbsent(username, [], claim)).s === 'applied') return;
        const holder = await claims.getVersioned(username, []);
        if (holder?.row.userId === userId) return;
        if (!holder) continue;
        if (!(await isAbandoned(holder.row))) throw usernameTaken();
        if ((await claims.compareAndSet(username, [], holder.version, claim)).s === 'applied') return;
      }
      throw accountContended();
    },

    async unclaim(username, userId) {
      // While the claim stands nobody else can be listed under the name, so it goes last.
      if ((await listedHolder(username)) === userId) await listed.delete(initialOf(username), [username]);
      if ((await claims.get(username, []))?.userId === userId) await claims.delete(username, []);
    },

    enlist: (username, userId) => listed.put(initialOf(username), [username], { userId }),

    async page(after, limit, prefix) {
      const first = after ?? prefix;
      const from = first === '' ? 0 : INITIALS.indexOf(initialOf(first));
      if (from < 0 || !first.startsWith(prefix)) {
        throw new BadRequestError('BAD_CURSOR', 'Use the nextCursor of the page before.');
      }
      const initials = prefix === '' ? INITIALS.length : from + 1;
      const found: { username: string; userId: string }[] = [];
      for (let i = from; i < initials && found.length <= limit; i++) {
        const range = {
          ...(first !== '' && i === from && { from: [first] as [string] }),
          ...(prefix !== '' && { to: [prefix + BEHIND_ALL] as [string] }),
        };
        // One more for the cursor's own row, one more to know whether there is a next page.
        const page = await listed.scan(INITIALS.charAt(i), { ...range, limit: limit + 2 - found.length });
        for (const { ck, row } of page.rows) {
          if (ck[0] !== after) found.push({ username: ck[0], userId: row.userId });
        }
      }
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      return {
        userIds: shown.map(({ userId }) => userId),
        ...(last && { nextCursor: last.username }),
      };
    },
  };
}
