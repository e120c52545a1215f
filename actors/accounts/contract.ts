import { Type } from 'typebox';
import { CommandId, Country, command, defineContract, Empty, Id, object, query } from '../../kit/contract.ts';
import { type AdminAct, adminActions } from './contract-admin.ts';
import {
  Device,
  DeviceName,
  DisplayName,
  GivenPassword,
  Password,
  Preferences,
  Profile,
  Quality,
  RefreshToken,
  Role,
  Session,
  Subscription,
  Tier,
  Username,
} from './schemas.ts';

export type { AdminAct, AuditLine } from './contract-admin.ts';
export { Invitation, ManagedUser } from './contract-admin.ts';
export * from './schemas.ts';

const forUser = { userId: Id };

export const accountsContract = defineContract({
  name: 'accounts',
  actions: {
    signUp: command('Create an account and log in', {
      params: object({
        username: Username,
        password: Password,
        displayName: Type.Optional(DisplayName),
        country: Type.Optional(Country),
        deviceName: Type.Optional(DeviceName),
        /** The one-time code printed on the terminal: makes this account the administrator. */
        setupCode: Type.Optional(Type.String({ maxLength: 64 })),
        /** Of an invitation: good while sign-up is closed, and decides roles and tier. */
        invitationCode: Type.Optional(Type.String({ maxLength: 64 })),
      }),
      result: Session,
    }),
    login: command('Log in on a device; without deviceId a new device is registered', {
      params: object({
        username: Type.String({ minLength: 1, maxLength: 64 }),
        password: GivenPassword,
        deviceId: Type.Optional(Id),
        deviceName: Type.Optional(DeviceName),
        /** The registered device that makes room when DEVICE_LIMIT says that there is none. */
        replaceDeviceId: Type.Optional(Id),
      }),
      result: Session,
    }),
    refresh: command('Exchange a refresh token for new tokens; a reused one ends its whole family', {
      params: object({
        refreshToken: RefreshToken,
        /** Random, new with each refresh: a retry whose first answer was lost is then no reuse. */
        commandId: Type.Optional(CommandId),
      }),
      result: Session,
    }),
    logout: command('End the session that a refresh token belongs to', {
      params: object({ refreshToken: RefreshToken }),
      result: Empty,
      idempotent: true,
    }),
    me: query('The account', { params: object(forUser), result: Profile }),
    updateMe: command('Change profile and preferences; what is left out stays', {
      params: object({
        ...forUser,
        displayName: Type.Optional(DisplayName),
        country: Type.Optional(Country),
        preferences: Type.Optional(Type.Partial(Preferences, { additionalProperties: false })),
      }),
      result: Profile,
      idempotent: true,
    }),
    changePassword: command('Change the password and end all other sessions', {
      params: object({ ...forUser, deviceId: Id, currentPassword: GivenPassword, newPassword: Password }),
      result: Empty,
    }),
    deleteMe: command('Delete the account with all personal data', {
      params: object({ ...forUser, password: GivenPassword }),
      result: Empty,
    }),
    devices: query('Registered devices (5 at most)', {
      params: object(forUser),
      result: object({ items: Type.Array(Device) }),
    }),
    renameDevice: command('Rename a device', {
      params: object({ ...forUser, deviceId: Id, name: DeviceName }),
      result: Device,
      idempotent: true,
    }),
    removeDevice: command('Remove a device and end its sessions', {
      params: object({ ...forUser, deviceId: Id }),
      result: Empty,
    }),
    subscribe: command('Start or resume premium through the payment provider', {
      params: object({ ...forUser, paymentToken: Type.String({ minLength: 1, maxLength: 256 }) }),
      result: Subscription,
    }),
    unsubscribe: command('Cancel premium; it runs until the end of the paid period', {
      params: object(forUser),
      result: Subscription,
    }),
    /** What player-session needs to decide what may be heard. */
    entitlement: query('Tier, country and standing of an account', {
      params: object(forUser),
      result: object({ tier: Tier, country: Country, explicit: Type.Boolean(), quality: Quality }),
    }),
    /** Access tokens name a device; the gateway asks whether it is still signed in (cached for a minute). */
    deviceActive: query('Whether a device is registered and signed in, and what its listener is now', {
      params: object({ ...forUser, deviceId: Id }),
      result: object({ active: Type.Boolean(), roles: Type.Optional(Type.Array(Role)) }),
    }),
    jwks: query('Public keys that verify access tokens (RFC 7517)', {
      params: Empty,
      result: object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }),
    }),
    resetPassword: command('Set a new password with a one-time code', {
      params: object({
        username: Type.String({ minLength: 1, maxLength: 64 }),
        resetCode: Type.String({ minLength: 1, maxLength: 64 }),
        newPassword: Password,
      }),
      result: Empty,
    }),
    ...adminActions,
  },
});

/** What an administrator did, in subject `accounts.audit`: ids only, so that a deleted account leaves no name. */
export interface AdminEvent {
  readonly type: 'administered';
  readonly byUserId: string;
  readonly act: AdminAct;
  /** Whom it was done to. */
  readonly userId?: string;
  readonly detail?: string;
}

/** Journal stream `accounts`, subject `accounts.<userId>`. */
export type AccountEvent =
  | { readonly type: 'accountCreated'; readonly userId: string; readonly country: string }
  | { readonly type: 'tierChanged'; readonly userId: string; readonly tier: Tier }
  | { readonly type: 'deviceRemoved'; readonly userId: string; readonly deviceId: string }
  | AdminEvent
  /** Every actor that holds personal data of this user forgets it. */
  | { readonly type: 'accountDeleted'; readonly userId: string };
export const ACCOUNTS_STREAM = 'accounts';

/** The account that a record of the stream declares deleted. */
export function deletedAccountIn(data: unknown): string | undefined {
  const event = data as AccountEvent;
  return event.type === 'accountDeleted' ? event.userId : undefined;
}

/** Claims of an access token. */
export interface AccessClaims {
  readonly sub: string;
  readonly did: string;
  readonly roles: readonly Role[];
  readonly tier: Tier;
  readonly country: string;
}
