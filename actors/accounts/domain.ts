/**
 * An account, its devices and their sessions: what may happen to them, as pure functions.
 *
 * Devices and sessions live inside the account's one row, so that the limit of devices, the rotation of a
 * refresh token and "end all other sessions" are each one compare-and-set, whichever process does it.
 */
import {
  DEVICES_MAX,
  REFRESH_RETRY_WINDOW_MS,
  REFRESH_TOKEN_TTL_MS,
  SESSION_AGE_MS_MAX,
} from '../../config/limits.ts';
import { type AntiphonError, ForbiddenError, NotFoundError } from '../../kit/errors.ts';
import type { AccountEvent, Device, Preferences, Profile, Role, Tier } from './contract.ts';
import type { AdminAct, ManagedUser } from './contract-admin.ts';
import { NO_SUBSCRIPTION, type SubscriptionState, subscriptionView, tierAt } from './domain-subscription.ts';

/** One sign-in on one device: a family of refresh tokens, of which only the newest generation is good. */
export interface SessionState {
  readonly sessionId: string;
  readonly generation: number;
  readonly startedAtMs: number;
  readonly rotatedAtMs: number;
  readonly expiresAtMs: number;
  /** Of the refresh that made this generation. */
  readonly commandId: string | null;
}

export interface DeviceState extends Device {
  /** null once signed out. */
  readonly session: SessionState | null;
}

export interface Account {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly country: string;
  readonly roles: readonly Role[];
  /** PHC string. */
  readonly passwordHash: string;
  readonly subscription: SubscriptionState;
  readonly preferences: Preferences;
  readonly devices: readonly DeviceState[];
  readonly resetCode: { readonly hash: string; readonly expiresAtMs: number } | null;
  readonly createdAtMs: number;
  /** Premium without payment, until an administrator takes it back. */
  readonly premiumGranted?: boolean;
  /** Since then nobody can log in or stay logged in. */
  readonly disabledAtMs?: number;
}

const DEFAULT_PREFERENCES: Preferences = {
  quality: 'auto',
  explicit: true,
  language: 'en',
  crossfadeMs: 0,
  loudness: 'album',
};

/** An account as an earlier version wrote it, in today's shape. */
export function asToday(account: Account): Account {
  const { normalizeLoudness, ...preferences } = account.preferences as Preferences & {
    readonly normalizeLoudness?: boolean;
  };
  if (normalizeLoudness === undefined) return account;
  return { ...account, preferences: { ...preferences, loudness: normalizeLoudness ? 'album' : 'off' } };
}

/** A free account without a device. */
export const newAccount = (
  given: Omit<Account, 'subscription' | 'preferences' | 'devices' | 'resetCode'>,
): Account => ({
  ...given,
  subscription: NO_SUBSCRIPTION,
  preferences: DEFAULT_PREFERENCES,
  devices: [],
  resetCode: null,
});

/** What became of a request: the account after it, what the journal is told, and the answer. */
export type Change<Reply> =
  | {
      readonly accepted: true;
      readonly account: Account;
      readonly events: readonly AccountEvent[];
      readonly reply: Reply;
    }
  | { readonly accepted: false; readonly rejection: AntiphonError };

export const accept = <Reply>(
  account: Account,
  reply: Reply,
  events: readonly AccountEvent[] = [],
): Change<Reply> => ({ accepted: true, account, events, reply });

const reject = (rejection: AntiphonError): Change<never> => ({ accepted: false, rejection });

export interface SignIn {
  /** The device that the client says it is; unknown ones are registered anew. */
  readonly deviceId: string | undefined;
  readonly newDeviceId: string;
  readonly deviceName: string | undefined;
  readonly replaceDeviceId: string | undefined;
  readonly sessionId: string;
}

const isSignedIn = (device: DeviceState, nowMs: number): boolean =>
  device.session !== null && nowMs < device.session.expiresAtMs;

export const deviceView = ({ session: _session, ...device }: DeviceState): Device => device;

const expiryOf = (startedAtMs: number, nowMs: number): number =>
  Math.min(nowMs + REFRESH_TOKEN_TTL_MS, startedAtMs + SESSION_AGE_MS_MAX);

/** Starts a session on the device; one that it had before ends. */
export function signIn(account: Account, request: SignIn, nowMs: number): Change<{ deviceId: string }> {
  const session: SessionState = {
    sessionId: request.sessionId,
    generation: 1,
    startedAtMs: nowMs,
    rotatedAtMs: nowMs,
    expiresAtMs: expiryOf(nowMs, nowMs),
    commandId: null,
  };
  const known = account.devices.find(({ deviceId }) => deviceId === request.deviceId);
  if (known) {
    const device = { ...known, name: request.deviceName ?? known.name, lastSeenAtMs: nowMs, session };
    return accept(withDevice(account, device), { deviceId: known.deviceId });
  }
  const kept = roomForOne(account.devices, request.replaceDeviceId, nowMs);
  if (!kept) return reject(deviceLimit(account));
  const device: DeviceState = {
    deviceId: request.newDeviceId,
    name: request.deviceName ?? 'Unnamed device',
    createdAtMs: nowMs,
    lastSeenAtMs: nowMs,
    session,
  };
  const removed = account.devices.filter((before) => !kept.includes(before));
  return accept(
    { ...account, devices: [...kept, device] },
    { deviceId: device.deviceId },
    removed.map(({ deviceId }) => ({ type: 'deviceRemoved', userId: account.userId, deviceId })),
  );
}

/**
 * The devices that stay beside a new one. The one to be replaced goes; with all places taken, a device that
 * is signed out goes by itself, longest unseen first, so that only five living ones are ever in the way.
 */
function roomForOne(
  devices: readonly DeviceState[],
  replaceDeviceId: string | undefined,
  nowMs: number,
): readonly DeviceState[] | undefined {
  const kept = devices.filter(({ deviceId }) => deviceId !== replaceDeviceId);
  if (kept.length < DEVICES_MAX) return kept;
  const leaves = kept
    .filter((device) => !isSignedIn(device, nowMs))
    .sort((a, b) => a.lastSeenAtMs - b.lastSeenAtMs)[0];
  return leaves && kept.filter((device) => device !== leaves);
}

/** Only who gave the right password comes to see it. */
const deviceLimit = (account: Account): ForbiddenError =>
  new ForbiddenError(
    'DEVICE_LIMIT',
    `${DEVICES_MAX} devices are signed in already; log in with replaceDeviceId to take the place of one.`,
    { devicesMax: DEVICES_MAX, devices: account.devices.map(deviceView) },
  );

const withDevice = (account: Account, device: DeviceState): Account => ({
  ...account,
  devices: account.devices.map((before) => (before.deviceId === device.deviceId ? device : before)),
});

export interface Rotation {
  readonly sessionId: string;
  /** Of the refresh token that was presented. */
  readonly generation: number;
  readonly commandId: string | undefined;
  /** Another refresh rotated the same token while this one was under way: neither had an answer yet. */
  readonly overtaken: boolean;
}

export type Rotated =
  | { readonly s: 'live'; readonly deviceId: string; readonly session: SessionState }
  /** There is no such session any more. */
  | { readonly s: 'ended' }
  /** A token came back after its successor had been given out: someone has a copy, and the session ends. */
  | { readonly s: 'reused' };

/**
 * Every generation has one successor and never two, so a race or a retry that is answered with the same
 * successor cannot split a session in two without the next reuse showing it (RFC 9700, 4.14.2).
 */
export function rotate(account: Account, request: Rotation, nowMs: number): Change<Rotated> {
  const device = account.devices.find(({ session }) => session?.sessionId === request.sessionId);
  const session = device?.session;
  if (!device || !session || !isSignedIn(device, nowMs)) return accept(account, { s: 'ended' });

  if (request.generation === session.generation) {
    const next: SessionState = {
      ...session,
      generation: session.generation + 1,
      rotatedAtMs: nowMs,
      expiresAtMs: expiryOf(session.startedAtMs, nowMs),
      commandId: request.commandId ?? null,
    };
    const after = withDevice(account, { ...device, lastSeenAtMs: nowMs, session: next });
    return accept(after, { s: 'live', deviceId: device.deviceId, session: next });
  }

  const isRetry =
    request.commandId !== undefined &&
    request.commandId === session.commandId &&
    nowMs - session.rotatedAtMs <= REFRESH_RETRY_WINDOW_MS;
  if (request.generation === session.generation - 1 && (request.overtaken || isRetry)) {
    return accept(account, { s: 'live', deviceId: device.deviceId, session });
  }
  return accept(withDevice(account, { ...device, session: null }), { s: 'reused' });
}

export function signOut(account: Account, sessionId: string): Change<null> {
  const device = account.devices.find(({ session }) => session?.sessionId === sessionId);
  return accept(device ? withDevice(account, { ...device, session: null }) : account, null);
}

export function renameDevice(account: Account, deviceId: string, name: string): Change<Device> {
  const before = account.devices.find((device) => device.deviceId === deviceId);
  if (!before) return reject(noSuchDevice());
  const device = { ...before, name };
  return accept(withDevice(account, device), deviceView(device));
}

export function removeDevice(account: Account, deviceId: string): Change<null> {
  const devices = account.devices.filter((device) => device.deviceId !== deviceId);
  if (devices.length === account.devices.length) return reject(noSuchDevice());
  const event: AccountEvent = { type: 'deviceRemoved', userId: account.userId, deviceId };
  return accept({ ...account, devices }, null, [event]);
}

const noSuchDevice = (): NotFoundError =>
  new NotFoundError('DEVICE_NOT_FOUND', 'This account has no such device.');

/** A new password ends every session but the one on `keptDeviceId`, and an open reset code with them. */
export const setPassword = (
  account: Account,
  passwordHash: string,
  keptDeviceId: string | undefined,
): Change<null> =>
  accept(
    {
      ...account,
      passwordHash,
      resetCode: null,
      devices: account.devices.map((device) =>
        device.deviceId === keptDeviceId ? device : { ...device, session: null },
      ),
    },
    null,
  );

/** Tells the journal when the tier in force has become another one. */
export function setSubscription(
  account: Account,
  subscription: SubscriptionState,
  nowMs: number,
): Change<null> {
  const after = { ...account, subscription };
  return accept(after, null, tierEvents(account, after, nowMs));
}

/** Compared with the last tier that was written, not with the one in force: running out is told as well. */
function tierEvents(before: Account, after: Account, nowMs: number): AccountEvent[] {
  const written = before.premiumGranted || before.subscription.state !== 'none' ? 'premium' : 'free';
  const tier = tierOf(after, nowMs);
  return tier === written ? [] : [{ type: 'tierChanged', userId: after.userId, tier }];
}

export const tierOf = ({ premiumGranted, subscription }: Account, nowMs: number): Tier =>
  premiumGranted ? 'premium' : tierAt(subscription, nowMs);

/** What an administrator did to somebody: told with the change itself. */
export interface Deed {
  readonly byUserId: string;
  readonly act: AdminAct;
  readonly detail?: string;
}

export const deedEvent = (userId: string, deed: Deed): AccountEvent => ({
  type: 'administered',
  userId,
  ...deed,
});

/** A subscription that was paid for goes on beside a grant, and outlives it. */
export function grantPremium(
  account: Account,
  premiumGranted: boolean,
  byUserId: string,
  nowMs: number,
): Change<null> {
  if (premiumGranted === (account.premiumGranted ?? false)) return accept(account, null);
  const after = { ...account, premiumGranted };
  const detail = premiumGranted ? 'premium' : 'free';
  const deed = deedEvent(account.userId, { byUserId, act: 'tierSet', detail });
  return accept(after, null, [...tierEvents(account, after, nowMs), deed]);
}

/** Devices go as well, so that no token of theirs is good again once the account is enabled. */
export function disable(account: Account, byUserId: string, nowMs: number): Change<null> {
  if (account.disabledAtMs !== undefined) return accept(account, null);
  const { userId } = account;
  const removed = account.devices.map(
    ({ deviceId }): AccountEvent => ({ type: 'deviceRemoved', userId, deviceId }),
  );
  const deed = deedEvent(userId, { byUserId, act: 'disabled' });
  return accept({ ...account, disabledAtMs: nowMs, devices: [], resetCode: null }, null, [...removed, deed]);
}

export function enable(account: Account, byUserId: string): Change<null> {
  if (account.disabledAtMs === undefined) return accept(account, null);
  const { disabledAtMs: _since, ...enabled } = account;
  return accept(enabled, null, [deedEvent(account.userId, { byUserId, act: 'enabled' })]);
}

export const deviceIsActive = (account: Account, deviceId: string, nowMs: number): boolean =>
  account.devices.some((device) => device.deviceId === deviceId && isSignedIn(device, nowMs));

const lastSeenAtMs = ({ devices }: Account): number | undefined =>
  devices.reduce<number | undefined>(
    (latest, device) => Math.max(latest ?? 0, device.lastSeenAtMs),
    undefined,
  );

export const profileOf = (account: Account, nowMs: number): Profile => ({
  userId: account.userId,
  username: account.username,
  displayName: account.displayName,
  country: account.country,
  roles: [...account.roles],
  tier: tierOf(account, nowMs),
  subscription: subscriptionView(account.subscription, nowMs, account.premiumGranted),
  preferences: account.preferences,
  createdAtMs: account.createdAtMs,
});

/** As administrators see it. */
export const managedUserOf = (account: Account, nowMs: number): ManagedUser => {
  const seenAtMs = lastSeenAtMs(account);
  return {
    ...profileOf(account, nowMs),
    ...(account.disabledAtMs !== undefined && { disabledAtMs: account.disabledAtMs }),
    ...(seenAtMs !== undefined && { lastSeenAtMs: seenAtMs }),
    signedInDevices: account.devices.filter((device) => isSignedIn(device, nowMs)).length,
  };
};
