/** Invitations: made by administrators, redeemed by whoever signs up with the code. */
import { ACCOUNT_WRITE_TRIES_MAX, INVITATION_TTL_MS, INVITATIONS_MAX } from '../../config/limits.ts';
import { ConflictError, ForbiddenError, NotFoundError } from '../../kit/errors.ts';
import type { Table } from '../../kit/ports/tables.ts';
import { base62, type Sources } from '../../kit/sources.ts';
import type { Invitation } from './contract-admin.ts';
import { accountContended } from './refusals.ts';
import type { Role, Tier } from './schemas.ts';
import { codeOf, hashCode } from './secrets.ts';
import type { InvitationRow } from './tables.ts';

const SCOPE = 'service';

export interface InvitationWish {
  readonly byUserId: string;
  readonly roles?: readonly Role[];
  readonly tier?: Tier;
  readonly usesMax?: number;
  readonly ttlMs?: number;
  readonly note?: string;
}

export interface StoredInvitation extends InvitationRow {
  readonly invitationId: string;
  readonly state: Invitation['state'];
  /** Absent once nobody can use it any more. */
  readonly code?: string;
}

export interface Invitations {
  /** @throws ConflictError `INVITATIONS_FULL`. */
  make(wish: InvitationWish): Promise<StoredInvitation>;
  /** Newest first. */
  list(): Promise<StoredInvitation[]>;
  /** @throws ForbiddenError `INVITATION_WRONG`, or `INVITATION_OVER` with the reason. */
  require(code: string): Promise<InvitationRow>;
  /** Takes one of its uses, once for each user. @throws as `require`. */
  redeem(code: string, userId: string): Promise<void>;
  /** @throws NotFoundError. */
  revoke(invitationId: string): Promise<void>;
}

export interface InvitationsDeps {
  readonly rows: Table<[string], InvitationRow>;
  readonly masterSecret: string;
  readonly sources: Pick<Sources, 'clock' | 'ids'>;
}

const WHY_OVER: Readonly<Record<Exclude<Invitation['state'], 'open'>, string>> = {
  usedUp: 'was used already',
  expired: 'has run out',
  revoked: 'was taken back',
};

const wrongCode = (): ForbiddenError =>
  new ForbiddenError('INVITATION_WRONG', 'This invitation code is not valid; look whether it is complete.');

/** Who knows the id does not know the code. */
const idOf = (code: string): string => base62(Buffer.from(hashCode(code), 'base64url').subarray(0, 16));

export function stateOf(row: InvitationRow, nowMs: number): Invitation['state'] {
  if (row.revokedAtMs !== undefined) return 'revoked';
  if (row.uses.length >= row.usesMax) return 'usedUp';
  return nowMs < row.expiresAtMs ? 'open' : 'expired';
}

function assertOpen(row: InvitationRow, nowMs: number): void {
  const state = stateOf(row, nowMs);
  if (state === 'open') return;
  const text = `This invitation ${WHY_OVER[state]}; ask whoever gave it to you for a new one.`;
  throw new ForbiddenError('INVITATION_OVER', text, { reason: state });
}

export function openInvitations({ rows, masterSecret, sources }: InvitationsDeps): Invitations {
  const { clock, ids } = sources;

  const shown = (invitationId: string, row: InvitationRow): StoredInvitation => {
    const state = stateOf(row, clock.nowMs());
    const code = codeOf(masterSecret, 'invitation', row.salt);
    return { ...row, invitationId, state, ...(state === 'open' && { code }) };
  };

  async function list(): Promise<StoredInvitation[]> {
    const page = await rows.scan(SCOPE, { limit: INVITATIONS_MAX });
    return page.rows
      .map(({ ck: [invitationId], row }) => shown(invitationId, row))
      .sort((a, b) => b.createdAtMs - a.createdAtMs || b.salt.localeCompare(a.salt));
  }

  /** Each change shows as done when it is met again, so a write that is not known to be done is decided anew. */
  async function change(
    invitationId: string,
    unknown: () => Error,
    next: (row: InvitationRow) => InvitationRow,
  ): Promise<void> {
    for (let tries = 0; tries < ACCOUNT_WRITE_TRIES_MAX; tries++) {
      const current = await rows.getVersioned(SCOPE, [invitationId]);
      if (!current) throw unknown();
      const after = next(current.row);
      if (after === current.row) return;
      if ((await rows.compareAndSet(SCOPE, [invitationId], current.version, after)).s === 'applied') return;
    }
    throw accountContended();
  }

  async function makeRoom(): Promise<void> {
    const all = await list();
    if (all.length < INVITATIONS_MAX) return;
    const over = all.findLast(({ state }) => state !== 'open');
    if (!over) {
      throw new ConflictError('INVITATIONS_FULL', 'Too many invitations are open; take some back first.');
    }
    await rows.delete(SCOPE, [over.invitationId]);
  }

  return {
    async make({ byUserId, roles = ['listener'], tier = 'free', usesMax = 1, ttlMs, note }) {
      await makeRoom();
      const salt = ids.next();
      const createdAtMs = clock.nowMs();
      const row: InvitationRow = {
        salt,
        roles,
        tier,
        ...(note !== undefined && { note }),
        usesMax,
        uses: [],
        createdAtMs,
        createdBy: byUserId,
        expiresAtMs: createdAtMs + (ttlMs ?? INVITATION_TTL_MS),
      };
      const invitationId = idOf(codeOf(masterSecret, 'invitation', salt));
      // The salt is new, so a row that is there is the one just written.
      const written = await rows.insertIfAbsent(SCOPE, [invitationId], row);
      if (written.s === 'unknown' && !(await rows.get(SCOPE, [invitationId]))) throw accountContended();
      return shown(invitationId, row);
    },

    list,

    async require(code) {
      const row = await rows.get(SCOPE, [idOf(code)]);
      if (!row) throw wrongCode();
      assertOpen(row, clock.nowMs());
      return row;
    },

    redeem: (code, userId) =>
      change(idOf(code), wrongCode, (row) => {
        if (row.uses.some((use) => use.userId === userId)) return row;
        assertOpen(row, clock.nowMs());
        return { ...row, uses: [...row.uses, { userId, atMs: clock.nowMs() }] };
      }),

    revoke: (invitationId) =>
      change(
        invitationId,
        () => new NotFoundError('INVITATION_NOT_FOUND', 'There is no such invitation.'),
        (row) => (row.revokedAtMs === undefined ? { ...row, revokedAtMs: clock.nowMs() } : row),
      ),
  };
}
