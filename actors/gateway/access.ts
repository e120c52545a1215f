/** Who is calling: a verified access token of a device that is still registered. */
import { ACCESS_CACHE_MAX, ACCESS_CACHE_TTL_MS } from '../../config/limits.ts';
import { AntiphonError, UnauthenticatedError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import type { AccessClaims } from '../accounts/contract.ts';

const log = logger('gateway');

export interface AccessTokenVerifier {
  /** @throws UnauthenticatedError for a token that is malformed, forged or expired. */
  verify(token: string): Promise<AccessClaims>;
}

export interface Identity {
  readonly claims: AccessClaims;
  /** When the token runs out, UTC milliseconds. */
  readonly expiresAtMs: number;
}

export interface Access {
  /** @throws UnauthenticatedError when the token does not hold or its device is gone. */
  identify(token: string): Promise<Identity>;
  /** Looks again at the next request of this user, since devices or sessions may have ended. */
  forget(userId: string): void;
}

export interface AccessDeps {
  readonly verifier: AccessTokenVerifier;
  readonly deviceActive: (device: { userId: string; deviceId: string }) => Promise<{ active: boolean }>;
  readonly clock: Clock;
}

/** Read only after the signature was verified. */
function expiryOf(token: string): number {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const { exp } = JSON.parse(payload) as { exp?: unknown };
  if (typeof exp !== 'number') throw new UnauthenticatedError('TOKEN_INVALID', 'Log in again.');
  return exp * 1000;
}

export function createAccess({ verifier, deviceActive, clock }: AccessDeps): Access {
  const known = new Map<string, { readonly identity: Identity; readonly freshUntilMs: number }>();

  /** A valid signature is enough while accounts is away: playback must go on, and tokens live for minutes. */
  const stillRegistered = async ({ sub, did }: AccessClaims): Promise<boolean> => {
    try {
      return (await deviceActive({ userId: sub, deviceId: did })).active;
    } catch (error) {
      if (error instanceof AntiphonError && error.status < 500) throw error;
      log.warn({ err: error }, 'device not checked: accounts is away');
      return true;
    }
  };

  const remember = (token: string, identity: Identity, nowMs: number): void => {
    const oldest = known.keys().next();
    if (known.size >= ACCESS_CACHE_MAX && !oldest.done) known.delete(oldest.value);
    known.set(token, {
      identity,
      freshUntilMs: Math.min(identity.expiresAtMs, nowMs + ACCESS_CACHE_TTL_MS),
    });
  };

  return {
    async identify(token) {
      const nowMs = clock.nowMs();
      const cached = known.get(token);
      if (cached && nowMs < cached.freshUntilMs) return cached.identity;
      known.delete(token);
      const claims = await verifier.verify(token);
      const identity = { claims, expiresAtMs: expiryOf(token) };
      if (!(await stillRegistered(claims))) {
        throw new UnauthenticatedError('DEVICE_REMOVED', 'This device was removed; log in again.');
      }
      remember(token, identity, nowMs);
      return identity;
    },
    forget(userId) {
      for (const [token, { identity }] of known) if (identity.claims.sub === userId) known.delete(token);
    },
  };
}

const BEARER = /^Bearer +([\w.~+/-]{1,4096}=*)$/i;

export const bearerOf = (authorization: string | undefined): string | undefined =>
  BEARER.exec(authorization ?? '')?.[1];
