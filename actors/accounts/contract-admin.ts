/** What administrators ask of accounts. Whoever acts is `byUserId`, which the gateway takes from the token. */
import { type Static, Type } from 'typebox';
import {
  AUDIT_SHOWN_MAX,
  INVITATION_NOTE_CHARS_MAX,
  INVITATION_TTL_MS_MAX,
  INVITATION_USES_MAX,
} from '../../config/limits.ts';
import {
  Country,
  Cursor,
  command,
  Empty,
  Id,
  literals,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';
import { Device, DisplayName, NAME_PATTERN, Profile, Role, Tier, Username } from './schemas.ts';

export const ManagedUser = object({
  ...Profile.properties,
  disabledAtMs: Type.Optional(TimeMs),
  lastSeenAtMs: Type.Optional(TimeMs),
  signedInDevices: Type.Integer({ minimum: 0 }),
});
export type ManagedUser = Static<typeof ManagedUser>;

export const Invitation = object({
  invitationId: Id,
  /** Absent once nobody can use it any more. */
  code: Type.Optional(Type.String()),
  state: literals('open', 'usedUp', 'expired', 'revoked'),
  roles: Type.Array(Role),
  tier: Tier,
  note: Type.Optional(Type.String()),
  usesMax: Type.Integer({ minimum: 1 }),
  /** Those who came by it; an account that was deleted since has no name. */
  users: Type.Array(object({ userId: Id, username: Type.Optional(Username), atMs: TimeMs })),
  createdAtMs: TimeMs,
  createdBy: Type.Optional(Username),
  expiresAtMs: TimeMs,
});
export type Invitation = Static<typeof Invitation>;

const AdminAct = literals(
  'created',
  'rolesSet',
  'tierSet',
  'disabled',
  'enabled',
  'deleted',
  'resetCodeIssued',
  'deviceRemoved',
  'invited',
  'invitationRevoked',
  'keysRotated',
);
export type AdminAct = Static<typeof AdminAct>;

/** An account that is named in a line; one that was deleted since has no name. */
const Named = object({ userId: Id, username: Type.Optional(Username) });

export const AuditLine = object({
  atMs: TimeMs,
  act: AdminAct,
  by: Named,
  about: Type.Optional(Named),
  detail: Type.Optional(Type.String()),
});
export type AuditLine = Static<typeof AuditLine>;

const SigningKeyShown = object({
  kid: Type.String(),
  state: literals('next', 'signing', 'served'),
  signsFromMs: TimeMs,
  /** When its successor begins to sign; of the newest key, when one will. */
  signsUntilMs: TimeMs,
});

const Roles = Type.Array(Role, { minItems: 1, maxItems: 5 });
const by = { byUserId: Id };
const about = { ...by, userId: Id };
const ResetCode = { resetCode: Type.String(), expiresAtMs: TimeMs };

export const adminActions = {
  list: query('Accounts, by username (administrator)', {
    params: object({
      /** What the usernames begin with. */
      prefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$' })),
      cursor: Type.Optional(Cursor),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    }),
    result: pageOf(ManagedUser),
  }),
  user: query('An account with its devices (administrator)', {
    params: object({ userId: Id }),
    result: object({
      user: ManagedUser,
      devices: Type.Array(object({ ...Device.properties, signedIn: Type.Boolean() })),
    }),
  }),
  createUser: command(
    'Create an account; its owner sets the password with the one-time code (administrator)',
    {
      params: object({
        ...by,
        username: Username,
        displayName: Type.Optional(DisplayName),
        country: Type.Optional(Country),
        roles: Type.Optional(Roles),
        tier: Type.Optional(Tier),
      }),
      result: object({ user: ManagedUser, ...ResetCode }),
    },
  ),
  setRoles: command('Set the roles of an account (administrator)', {
    params: object({ ...about, roles: Roles }),
    result: ManagedUser,
    idempotent: true,
  }),
  setTier: command('Grant premium without payment, or take the grant back (administrator)', {
    params: object({ ...about, tier: Tier }),
    result: ManagedUser,
    idempotent: true,
  }),
  setDisabled: command('Shut an account out, signing it out everywhere, or let it in again (administrator)', {
    params: object({ ...about, disabled: Type.Boolean() }),
    result: ManagedUser,
    idempotent: true,
  }),
  deleteUser: command('Delete an account with all personal data (administrator)', {
    params: object(about),
    result: Empty,
  }),
  removeUserDevice: command('Sign out and remove a device of an account (administrator)', {
    params: object({ ...about, deviceId: Id }),
    result: Empty,
  }),
  /** A password forgotten is reset by an administrator, who hands over the one-time code. */
  issueResetCode: command('A one-time code with which a listener sets a new password (administrator)', {
    params: object(about),
    result: object(ResetCode),
  }),

  invite: command('Make an invitation to sign up (administrator)', {
    params: object({
      ...by,
      roles: Type.Optional(Roles),
      tier: Type.Optional(Tier),
      usesMax: Type.Optional(Type.Integer({ minimum: 1, maximum: INVITATION_USES_MAX })),
      ttlMs: Type.Optional(Type.Integer({ minimum: 60_000, maximum: INVITATION_TTL_MS_MAX })),
      note: Type.Optional(
        Type.String({ minLength: 1, maxLength: INVITATION_NOTE_CHARS_MAX, pattern: NAME_PATTERN }),
      ),
    }),
    result: Invitation,
  }),
  invitations: query('Invitations, newest first (administrator)', {
    params: Empty,
    result: object({ items: Type.Array(Invitation) }),
  }),
  revokeInvitation: command('End an invitation (administrator)', {
    params: object({ ...by, invitationId: Id }),
    result: Empty,
    idempotent: true,
  }),
  /** A command, so that the code travels in a body and stands in no address. */
  lookAtInvitation: command('Whether an invitation is good, and who invites', {
    params: object({ code: Type.String({ minLength: 1, maxLength: 64 }) }),
    result: object({ invitedBy: Type.Optional(DisplayName), tier: Tier, expiresAtMs: TimeMs }),
    idempotent: true,
  }),

  audit: query('What administrators did, newest first (administrator)', {
    params: object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: AUDIT_SHOWN_MAX })),
    }),
    result: object({ items: Type.Array(AuditLine), more: Type.Boolean() }),
  }),
  signingKeys: query('Keys that sign access tokens, newest first (administrator)', {
    params: Empty,
    result: object({ items: Type.Array(SigningKeyShown) }),
  }),
  rotateSigningKey: command(
    'Have a new key take over as soon as every verifier can know it (administrator)',
    {
      params: object(by),
      result: object({ items: Type.Array(SigningKeyShown) }),
    },
  ),
};
