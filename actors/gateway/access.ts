/** Who is calling: a verified access token of a device that is still registered. */
import { DEVICE_CHECK_TTL_MS, DEVICE_CHECKS_MAX } from '../../config/limits.ts';
import { AntiphonError, UnauthenticatedError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import type { AccessClaims, Role } from '../accounts/contract.ts';

const log = logger('gateway');

export interface AccessTokenVerifier {
  /** @throws UnauthenticatedError for a token that is malformed, forged or expired. */
  verify(token: string): Promise<AccessClaims>;
}

export interface Access {
  /** @throws UnauthenticatedError when the token does not hold or its device is gone. */
  identify(token: string): Promise<AccessClaims>;
  /**
   * Of what `identify` gave for a token that has not run out.
   *
   * @throws UnauthenticatedError when the device is gone.
   */
  assertRegistered(claims: AccessClaims): Promise<void>;
  /** Whether the caller has the role now, as the look at the device said: a token's roles are up to its age old. */
  hasRole(claims: AccessClaims, role: Role): boolean;
  /** Looks again at the next request of this user, since devices or sessions may have ended. */
  forget(userId: string): void;
}

interface DeviceStanding {
  readonly active: boolean;
  readonly roles?: readonly Role[];
}

interface Seen {
  readonly userId: string;
  /** Unknown while accounts is away: then the token's count. */
  readonly roles: readonly Role[] | undefined;
  readonly untilMs: number;
}

export interface AccessDeps {
  readonly verifier: AccessTokenVerifier;
  readonly deviceActive: (device: { userId: string; deviceId: string }) => Promise<DeviceStanding>;
  readonly clock: Clock;
}

/** When a verified token runs out, UTC milliseconds. */
export function expiryOf(token: string): number {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { exp: number }).exp * 1000;
}

export function createAccess({ verifier, deviceActive, clock }: AccessDeps): Access {
  /** Devices that were registered when last looked at, oldest look first. */
  const registered = new Map<string, Seen>();

  /** A valid signature is enough while accounts is away: playback must go on, and tokens live for minutes. */
  const ask = async ({ sub, did }: AccessClaims): Promise<DeviceStanding> => {
    try {
      return await deviceActive({ userId: sub, deviceId: did });
    } catch (error) {
      if (error instanceof AntiphonError && error.status < 500) throw error;
      log.warn({ err: error }, 'device not checked: accounts is away');
      return { active: true };
    }
  };

  const look = async (claims: AccessClaims): Promise<void> => {
    const nowMs = clock.nowMs();
    registered.delete(claims.did);
    const { active, roles } = await ask(claims);
    if (!active) {
      throw new UnauthenticatedError('DEVICE_REMOVED', 'This device was removed; log in again.');
    }
    const oldest = registered.keys().next();
    if (registered.size >= DEVICE_CHECKS_MAX && !oldest.done) registered.delete(oldest.value);
    registered.set(claims.did, { userId: claims.sub, roles, untilMs: nowMs + DEVICE_CHECK_TTL_MS });
  };

  const wasSeen = ({ sub, did }: AccessClaims): boolean => {
    const seen = registered.get(did);
    return seen?.userId === sub && clock.nowMs() < seen.untilMs;
  };

  return {
    async identify(token) {
      const claims = await verifier.verify(token);
      if (!wasSeen(claims)) await look(claims);
      return claims;
    },
    async assertRegistered(claims) {
      if (!wasSeen(claims)) await look(claims);
    },
    hasRole: ({ sub, did, roles }, role) => {
      const seen = registered.get(did);
      return ((seen?.userId === sub && seen.roles) || roles).includes(role);
    },
    forget(userId) {
      for (const [did, seen] of registered) if (seen.userId === userId) registered.delete(did);
    },
  };
}

const SCHEME = 'Bearer ';

/** The token of an Authorization header; what it is worth is for the verifier to say. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  authorization?.slice(0, SCHEME.length).toLowerCase() === SCHEME.toLowerCase()
    ? authorization.slice(SCHEME.length)
    : undefined;
