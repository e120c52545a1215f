/** The tables that accounts own. */
import { table } from '../../kit/ports/tables.ts';
import type { AccountEvent, Role, Tier } from './contract.ts';
import type { Account } from './domain.ts';

/** Written with the change itself and taken out once the journal has it. */
export interface Untold {
  readonly messageId: string;
  readonly event: AccountEvent;
}

export type AccountRow =
  | {
      readonly s: 'live';
      readonly account: Account;
      readonly outbox: readonly Untold[];
      /** Newest first: whoever is not sure of a write finds its id here, or has not written. */
      readonly recentWrites?: readonly string[];
    }
  /** What is left between the deletion and the erasure: nothing but the name to be freed. */
  | { readonly s: 'deleted'; readonly username: string };

export const ACCOUNTS = table<[], AccountRow>({
  name: 'accounts',
  partition: 'user_id',
  clustering: [],
  conditional: true,
});

export interface ClaimRow {
  readonly userId: string;
  readonly claimedAtMs: number;
}

export const USERNAME_CLAIMS = table<[], ClaimRow>({
  name: 'username_claims',
  partition: 'username',
  clustering: [],
  conditional: true,
});

/** By first letter, so that accounts can be listed by name without one partition holding them all. */
export const USERNAMES = table<[username: string], Pick<ClaimRow, 'userId'>>({
  name: 'usernames',
  partition: 'initial',
  clustering: [['username', 'text']],
});

export interface AdminsRow {
  readonly userIds: readonly string[];
  /** SHA-256 of the code that makes the first administrator; null when none is out. */
  readonly setupCodeHash: string | null;
  /** What the code was made from, with the master secret, and when: for nodes that start together. */
  readonly setupCodeSalt?: string;
  readonly setupCodeMadeAtMs?: number;
}

export const ADMINS = table<[], AdminsRow>({
  name: 'account_admins',
  partition: 'scope',
  clustering: [],
  conditional: true,
});

export interface InvitationRow {
  /** The code is made from this and the master secret, so that the table alone invites nobody. */
  readonly salt: string;
  readonly roles: readonly Role[];
  readonly tier: Tier;
  readonly note?: string;
  readonly usesMax: number;
  readonly uses: readonly { readonly userId: string; readonly atMs: number }[];
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
}

/** One partition: an administrator sees all of them at once, and they are few. The id is a digest of the code. */
export const INVITATIONS = table<[invitationId: string], InvitationRow>({
  name: 'account_invitations',
  partition: 'scope',
  clustering: [['invitation_id', 'text']],
  conditional: true,
});

export interface SigningKeyRow {
  readonly kid: string;
  readonly signsFromMs: number;
  readonly publicJwk: Readonly<Record<string, string>>;
  /** AES-256-GCM under a key from the master secret: iv, tag and PKCS #8, base64. */
  readonly sealedPrivateKey: string;
}

export const SIGNING_KEYS = table<[generation: number], SigningKeyRow>({
  name: 'signing_keys',
  partition: 'use',
  clustering: [['generation', 'number']],
  conditional: true,
});
