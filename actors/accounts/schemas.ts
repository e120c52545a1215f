/** The shapes of accounts and sessions, for the contract and its part for administrators. */
import { type Static, Type } from 'typebox';
import { CROSSFADE_MS_MAX } from '../../config/limits.ts';
import { Country, Id, literals, object, TimeMs } from '../../kit/contract.ts';

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
export const GivenPassword = Type.String({ minLength: 1, maxLength: 256 });
/** Without what commands a terminal or turns the text around it: others read these names too. */
export const NAME_PATTERN = '^[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}\\u202a-\\u202e\\u2066-\\u2069]*$';
export const DisplayName = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
export const DeviceName = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
export const RefreshToken = Type.String({ minLength: 1, maxLength: 256 });

export const Quality = literals('auto', 'low', 'medium', 'high');
/** `album` levels an album that plays in order as a whole, and every other song by itself, as `track` does. */
export const LoudnessMode = literals('off', 'track', 'album');
export type LoudnessMode = Static<typeof LoudnessMode>;

export const Preferences = object({
  quality: Quality,
  explicit: Type.Boolean({ description: 'Whether songs marked explicit are played' }),
  language: Type.String({
    pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    maxLength: 35,
    description: 'BCP 47',
  }),
  crossfadeMs: Type.Integer({ minimum: 0, maximum: CROSSFADE_MS_MAX, description: 'Milliseconds' }),
  loudness: LoudnessMode,
});
export type Preferences = Static<typeof Preferences>;

export const Subscription = object({
  tier: Tier,
  /** `pastDue` keeps premium until `untilMs`; `cancelled` runs out then; `granted` is an administrator's gift. */
  state: literals('none', 'active', 'pastDue', 'cancelled', 'granted'),
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
