/**
 * What administrators did, kept as a journal subject of its own. A deed that changes an account is written with
 * the change and told here right after (store.ts); the others are told by whoever did them.
 */
import { AUDIT_SHOWN_DEFAULT } from '../../config/limits.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import { ACCOUNTS_STREAM, type AdminEvent, type AuditLine } from './contract.ts';
import type { Account } from './domain.ts';

export const AUDIT_SUBJECT = `${ACCOUNTS_STREAM}.audit`;

export interface Audit {
  record(deed: Omit<AdminEvent, 'type'>): Promise<void>;
  /** Newest first. */
  newest(limit?: number): Promise<{ items: AuditLine[]; more: boolean }>;
}

export interface AuditDeps {
  readonly journal: Pick<Journal, 'append' | 'read'>;
  /** In the order asked for. */
  readonly accountsOf: (userIds: readonly string[]) => Promise<readonly (Account | undefined)[]>;
}

export function createAudit({ journal, accountsOf }: AuditDeps): Audit {
  return {
    async record(deed) {
      const event: AdminEvent = { type: 'administered', ...deed };
      await journal.append(ACCOUNTS_STREAM, AUDIT_SUBJECT, event);
    },

    async newest(limit = AUDIT_SHOWN_DEFAULT) {
      // One more than asked for tells whether there are older ones.
      const records = await journal.read(ACCOUNTS_STREAM, AUDIT_SUBJECT, 0, limit + 1);
      const shown = records.slice(-limit).reverse();
      const lines = shown.map(({ atMs, data }) => ({ atMs, ...(data as AdminEvent) }));
      const userIds = [...new Set(lines.flatMap((line) => [line.byUserId, line.userId ?? line.byUserId]))];
      const accounts = await accountsOf(userIds);
      const names = new Map(userIds.map((userId, i) => [userId, accounts[i]?.username]));
      const named = (userId: string) => {
        const username = names.get(userId);
        return { userId, ...(username !== undefined && { username }) };
      };
      return {
        items: lines.map(({ atMs, act, byUserId, userId, detail }) => ({
          atMs,
          act,
          by: named(byUserId),
          ...(userId !== undefined && { about: named(userId) }),
          ...(detail !== undefined && { detail }),
        })),
        more: records.length > limit,
      };
    },
  };
}
