/** Who administers: never nobody again once there is one, and the code that makes the first. */
import { ACCOUNT_WRITE_TRIES_MAX, SETUP_CODE_SHARED_MS } from '../../config/limits.ts';
import { ConflictError, ForbiddenError } from '../../kit/errors.ts';
import type { Table, Versioned } from '../../kit/ports/tables.ts';
import type { Sources } from '../../kit/sources.ts';
import { accountContended } from './refusals.ts';
import { codeOf, hashCode, isSameDigest } from './secrets.ts';
import type { AdminsRow } from './tables.ts';

const SCOPE = 'service';
const NOBODY: AdminsRow = { userIds: [], setupCodeHash: null };

/**
 * Every id in the row is an account that has the role: the role is given before the id is added, and the id
 * is taken out before the role. A crash in between leaves an id too few, which only errs towards refusing.
 */
export interface Admins {
  /**
   * A new setup code while nobody administers; it replaces the one before. Nodes that start together get the
   * same one, for the operator reads whichever is printed last.
   */
  ensureSetupCode(isAdmin: (userId: string) => Promise<boolean>): Promise<string | undefined>;
  /** @throws ForbiddenError `SETUP_CODE_WRONG`. */
  assertSetupCode(code: string): Promise<void>;
  /** Uses the code up. Of two that come at once with the same code one gets through. */
  redeemSetupCode(code: string, userId: string): Promise<void>;
  add(userId: string): Promise<void>;
  /** @throws ConflictError `LAST_ADMIN`. */
  remove(userId: string): Promise<void>;
}

const wrongCode = (): ForbiddenError =>
  new ForbiddenError(
    'SETUP_CODE_WRONG',
    'This setup code is not valid; use the one that the service printed at its last start.',
  );

interface AdminsDeps {
  readonly rows: Table<[], AdminsRow>;
  readonly masterSecret: string;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
}

export function createAdmins({ rows, masterSecret, sources: { clock, ids } }: AdminsDeps): Admins {
  /**
   * Each change shows as done when it is met again, so a write that is not known to be done is decided anew.
   */
  async function change(next: (row: AdminsRow) => AdminsRow): Promise<AdminsRow> {
    for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
      const current: Versioned<AdminsRow> | undefined = await rows.getVersioned(SCOPE, []);
      const before = current?.row ?? NOBODY;
      const after = next(before);
      if (after === before) return before;
      const written = current
        ? await rows.compareAndSet(SCOPE, [], current.version, after)
        : await rows.insertIfAbsent(SCOPE, [], after);
      if (written.s === 'applied') return after;
    }
    throw accountContended();
  }

  const assertMatches = ({ setupCodeHash }: AdminsRow, code: string): void => {
    if (setupCodeHash === null || !isSameDigest(setupCodeHash, hashCode(code))) throw wrongCode();
  };

  return {
    async ensureSetupCode(isAdmin) {
      const { userIds } = (await rows.get(SCOPE, [])) ?? NOBODY;
      // A crash while the first administrator was made can leave an id without its account.
      const real = await Promise.all(userIds.map(isAdmin));
      if (real.includes(true)) return undefined;
      const nowMs = clock.nowMs();
      const setupCodeSalt = ids.next();
      const fresh: AdminsRow = {
        userIds: [],
        setupCodeHash: hashCode(codeOf(masterSecret, 'setup', setupCodeSalt)),
        setupCodeSalt,
        setupCodeMadeAtMs: nowMs,
      };
      const row = await change((row) => {
        // Another process may have got its administrator, or made a code, meanwhile.
        const isOvertaken = row.userIds.join() !== userIds.join();
        const isShared =
          row.setupCodeHash !== null && nowMs - (row.setupCodeMadeAtMs ?? 0) < SETUP_CODE_SHARED_MS;
        return isOvertaken || isShared ? row : fresh;
      });
      const { setupCodeHash, setupCodeSalt: salt } = row;
      return setupCodeHash === null || salt === undefined ? undefined : codeOf(masterSecret, 'setup', salt);
    },
    async assertSetupCode(code) {
      assertMatches((await rows.get(SCOPE, [])) ?? NOBODY, code);
    },
    async redeemSetupCode(code, userId) {
      await change((row) => {
        // A write whose answer was lost shows as done when read again.
        if (row.userIds.includes(userId)) return row;
        assertMatches(row, code);
        return { userIds: [userId], setupCodeHash: null };
      });
    },
    async add(userId) {
      await change((row) =>
        row.userIds.includes(userId) ? row : { userIds: [...row.userIds, userId], setupCodeHash: null },
      );
    },
    async remove(userId) {
      await change((row) => {
        if (!row.userIds.includes(userId)) return row;
        const userIds = row.userIds.filter((id) => id !== userId);
        if (userIds.length === 0) {
          throw new ConflictError(
            'LAST_ADMIN',
            'This is the last administrator; make another account administrator first.',
          );
        }
        return { ...row, userIds };
      });
    },
  };
}
