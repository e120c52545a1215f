import { type Static, Type } from 'typebox';
import { CROSSFADE_MS_MAX } from '../../config/limits.ts';
import {
  CommandId,
  Country,
  Cursor,
  command,
  defineContract,
  Empty,
  Id,
  literals,
  object,
  pageOf,
  query,
  TimeMs,
} from '../../kit/contract.ts';

export const Role = literals('listener', 'artist', 'label', 'operator', 'admin');
export type Role = Static<typeof Role>;
export const Tier = literals('free', 'premium');
export type Tier = Static<typeof Tier>;

/** Lower-cased on arrival. No address is asked for: the service never writes to anyone. */
export const Username = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$',
  description: '3 to 32 of a-z, 0-9, . _ -',
});
export const Password = Type.String({ minLength: 10, maxLength: 256 });
const GivenPassword = Type.String({ minLength: 1, maxLength: 256 });
/** Without what commands a terminal or turns the text around it: others read these names too. */
const NAME_PATTERN = '^[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]*$';
export const DisplayName = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
const DeviceName = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
const RefreshToken = Type.String({ minLength: 1, maxLength: 256 });

export const Quality = literals('auto', 'low', 'medium', 'high');
export const Preferences = object({
  quality: Quality,
  explicit: Type.Boolean({ description: 'Whether songs marked explicit are played' }),
  language: Type.String({
    pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    maxLength: 35,
    description: 'BCP 47',
  }),
  crossfadeMs: Type.Integer({ minimum: 0, maximum: CROSSFADE_MS_MAX, description: 'Milliseconds' }),
  normalizeLoudness: Type.Boolean(),
});
export type Preferences = Static<typeof Preferences>;

export const Subscription = object({
  tier: Tier,
  /** `pastDue` keeps premium until `untilMs`; `cancelled` runs out then. */
  state: literals('none', 'active', 'pastDue', 'cancelled'),
  untilMs: Type.Optional(TimeMs),
});
export type Subscription = Static<typeof Subscription>;

export const Profile = object({
  userId: Id,
  username: Username,
  displayName: DisplayName,
  country: Country,
  roles: Type.Array(Role),
  tier: Tier,
  subscription: Subscription,
  preferences: Preferences,
  createdAtMs: TimeMs,
});
export type Profile = Static<typeof Profile>;

export const Device = object({
  deviceId: Id,
  name: DeviceName,
  createdAtMs: TimeMs,
  lastSeenAtMs: TimeMs,
});
export type Device = Static<typeof Device>;

export const Session = object({
  userId: Id,
  deviceId: Id,
  accessToken: Type.String({ description: 'JWT (ES256), sent as Authorization: Bearer' }),
  accessExpiresAtMs: TimeMs,
  refreshToken: RefreshToken,
  refreshExpiresAtMs: TimeMs,
});
export type Session = Static<typeof Session>;

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
    deviceActive: query('Whether a device is registered and signed in', {
      params: object({ ...forUser, deviceId: Id }),
      result: object({ active: Type.Boolean() }),
    }),
    jwks: query('Public keys that verify access tokens (RFC 7517)', {
      params: Empty,
      result: object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }),
    }),
    setRoles: command('Set the roles of an account (administrator)', {
      params: object({ ...forUser, roles: Type.Array(Role, { minItems: 1, maxItems: 5 }) }),
      result: Profile,
      idempotent: true,
    }),
    list: query('Accounts, by username (administrator)', {
      params: object({
        /** What the usernames begin with. */
        prefix: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$' })),
        cursor: Type.Optional(Cursor),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      result: pageOf(Profile),
    }),
    /** A password forgotten is reset by an administrator, who hands over the one-time code. */
    issueResetCode: command('A one-time code with which a listener sets a new password (administrator)', {
      params: object(forUser),
      result: object({ resetCode: Type.String(), expiresAtMs: TimeMs }),
    }),
    resetPassword: command('Set a new password with a one-time code', {
      params: object({
        username: Type.String({ minLength: 1, maxLength: 64 }),
        resetCode: Type.String({ minLength: 1, maxLength: 64 }),
        newPassword: Password,
      }),
      result: Empty,
    }),
  },
});

/** Journal stream `accounts`, subject `accounts.<userId>`. */
export type AccountEvent =
  | { readonly type: 'accountCreated'; readonly userId: string; readonly country: string }
  | { readonly type: 'tierChanged'; readonly userId: string; readonly tier: Tier }
  | { readonly type: 'deviceRemoved'; readonly userId: string; readonly deviceId: string }
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
