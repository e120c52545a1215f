/** Who is signed in on this device. */
import { signal } from '@preact/signals';
import type { Device, Profile } from '../../../actors/accounts/contract.ts';
import { api } from '../api/api.ts';
import { ApiError, closeSession, endSession, openSession, renewSession, whenSignedOut } from '../api/http.ts';

type SessionState =
  | { readonly s: 'starting' }
  | { readonly s: 'unreachable' }
  | { readonly s: 'signedOut' }
  | { readonly s: 'signedIn'; readonly profile: Profile; readonly deviceId: string };

const DEVICE_KEY = 'antiphon.device';
/** Set while a session that is over here may not be so for the service. */
const LEAVING_KEY = 'antiphon.leaving';
/** Set while this browser may hold a refresh cookie, so that a first visit asks for nothing in vain. */
const KNOWN_KEY = 'antiphon.known';

export const session = signal<SessionState>({ s: 'starting' });
export const profile = () => (session.value.s === 'signedIn' ? session.value.profile : undefined);

whenSignedOut(() => {
  localStorage.removeItem(KNOWN_KEY);
  session.value = { s: 'signedOut' };
});

function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = ['Firefox', 'Edg', 'Chrome', 'Safari'].find((name) => agent.includes(name)) ?? 'Browser';
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'Linux'].find((name) =>
    agent.includes(name),
  );
  return `${browser === 'Edg' ? 'Edge' : browser}${system ? ` on ${system}` : ''}`;
}

async function enter(opened: { deviceId: string }): Promise<void> {
  localStorage.setItem(DEVICE_KEY, opened.deviceId);
  localStorage.setItem(KNOWN_KEY, 'yes');
  // The cookie is now this session's.
  localStorage.removeItem(LEAVING_KEY);
  session.value = { s: 'signedIn', profile: await api.me(), deviceId: opened.deviceId };
}

export async function startSession(): Promise<void> {
  await finishLeaving();
  if (!localStorage.getItem(KNOWN_KEY)) {
    session.value = { s: 'signedOut' };
    return;
  }
  try {
    await enter(await renewSession());
  } catch (error) {
    session.value = { s: error instanceof ApiError && error.status === 401 ? 'signedOut' : 'unreachable' };
  }
}

/** Whether someone has signed in from this browser before. */
export const isKnownHere = (): boolean => localStorage.getItem(DEVICE_KEY) !== null;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export async function signUp(
  form: Credentials & { displayName?: string; setupCode?: string; invitationCode?: string },
): Promise<void> {
  const country = new Intl.Locale(navigator.language).region;
  const known = { deviceName: deviceName(), ...(country && /^[A-Z]{2}$/.test(country) && { country }) };
  await enter(await openSession('/accounts', { ...form, ...known }));
}

/** @throws ApiError `DEVICE_LIMIT` with `data.devices` when one must be given up first. */
export async function logIn(form: Credentials, replaceDeviceId?: string): Promise<void> {
  const deviceId = localStorage.getItem(DEVICE_KEY) ?? undefined;
  const ask = (known?: string) =>
    openSession('/login', {
      ...form,
      deviceName: deviceName(),
      ...(known && { deviceId: known }),
      ...(replaceDeviceId && { replaceDeviceId }),
    });
  try {
    await enter(await ask(replaceDeviceId ? undefined : deviceId));
  } catch (error) {
    const forgotten = error instanceof ApiError && deviceId && error.code === 'DEVICE_NOT_FOUND';
    if (!forgotten) throw error;
    localStorage.removeItem(DEVICE_KEY);
    await enter(await ask());
  }
}

export const devicesOf = (error: ApiError): readonly Device[] =>
  Array.isArray(error.data.devices) ? (error.data.devices as Device[]) : [];

/** Whoever logs out while the service is away is logged out there as soon as it is back. */
export async function logOut(): Promise<void> {
  localStorage.setItem(LEAVING_KEY, 'yes');
  if (await closeSession()) localStorage.removeItem(LEAVING_KEY);
}

async function finishLeaving(): Promise<void> {
  if (localStorage.getItem(LEAVING_KEY) && (await endSession())) localStorage.removeItem(LEAVING_KEY);
}
addEventListener('online', () => void finishLeaving());

export function setProfile(changed: Profile): void {
  if (session.value.s === 'signedIn') session.value = { ...session.value, profile: changed };
}
