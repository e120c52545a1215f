/**
 * Access tokens: JWTs (RFC 7519) signed with ES256, in the profile of RFC 9068 (`typ: at+jwt`).
 *
 * The algorithm, the type, the issuer and the audience are fixed here and never read from a token, so a
 * token can neither choose `none` nor have a public key taken for an HMAC secret (RFC 8725).
 */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { BoundedMap } from './bounded-map.ts';
import { UnauthenticatedError, UnavailableError } from './errors.ts';
import { logger } from './log.ts';
import type { Clock } from './sources.ts';

const ALGORITHM = 'ES256';
const TYPE = 'at+jwt';
const ISSUER = 'antiphon';
const AUDIENCE = 'antiphon-api';

const log = logger('access-token');

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** A public key as a JSON Web Key (RFC 7517). */
export type PublicJwk = Readonly<Record<string, unknown>>;

export interface SignedToken {
  readonly token: string;
  /** UTC milliseconds, a whole second. */
  readonly expiresAtMs: number;
}

export function signAccessToken(claims: object, key: SigningKey, nowMs: number, ttlMs: number): SignedToken {
  const iat = Math.floor(nowMs / 1000);
  const exp = Math.floor((nowMs + ttlMs) / 1000);
  const token = jwt.sign({ ...claims, iss: ISSUER, aud: AUDIENCE, iat, exp }, key.privateKey, {
    algorithm: ALGORITHM,
    header: { alg: ALGORITHM, typ: TYPE, kid: key.kid },
  });
  return { token, expiresAtMs: exp * 1000 };
}

export interface VerifierLimits {
  readonly verifiedTokensMax: number;
  readonly tokenBytesMax: number;
  readonly jwksMaxAgeMs: number;
  readonly jwksRefetchMsMin: number;
}

export interface TokenVerifier<Claims> {
  /**
   * The claims of a token that this service signed for its API and that has not expired.
   *
   * @throws UnauthenticatedError `TOKEN_EXPIRED` (refresh) or `TOKEN_INVALID` (log in); UnavailableError
   *   `KEYS_AWAY` when the public keys could not be had even once.
   */
  verify(token: string): Promise<Claims>;
}

export interface VerifierDeps {
  readonly jwks: () => Promise<{ readonly keys: readonly PublicJwk[] }>;
  readonly clock: Clock;
  readonly limits: VerifierLimits;
}

const invalid = (): UnauthenticatedError =>
  new UnauthenticatedError('TOKEN_INVALID', 'The access token is not valid; log in.');
const expired = (): UnauthenticatedError =>
  new UnauthenticatedError('TOKEN_EXPIRED', 'The access token has expired; refresh it.');

/** Signatures cost ~150 us to check; a token seen before costs its hash and a look into a bounded map. */
export function createTokenVerifier<Claims extends object>({
  jwks,
  clock,
  limits,
}: VerifierDeps): TokenVerifier<Claims> {
  const keys = publicKeys(jwks, clock, limits);
  /** By SHA-256, so that memory holds no usable token. */
  const verified = new BoundedMap<string, { readonly claims: Claims; readonly expiresAtMs: number }>(
    limits.verifiedTokensMax,
  );

  async function verifySignature(token: string): Promise<{ claims: Claims; expiresAtMs: number }> {
    const kid = token.length <= limits.tokenBytesMax && jwt.decode(token, { complete: true })?.header.kid;
    const key = kid ? await keys.find(kid) : undefined;
    if (!key) throw invalid();
    const { header, payload } = verifyJwt(token, key, Math.floor(clock.nowMs() / 1000));
    if (header.typ !== TYPE || typeof payload === 'string') throw invalid();
    const { iss: _iss, aud: _aud, iat: _iat, exp, ...claims } = payload;
    if (exp === undefined) throw invalid();
    return { claims: claims as Claims, expiresAtMs: exp * 1000 };
  }

  return {
    async verify(token) {
      const digest = hash('sha256', token, 'base64');
      const known = verified.get(digest);
      const entry = known ?? (await verifySignature(token));
      if (entry.expiresAtMs <= clock.nowMs()) {
        verified.delete(digest);
        throw expired();
      }
      if (!known) verified.set(digest, entry);
      return entry.claims;
    },
  };
}

function verifyJwt(token: string, key: KeyObject, clockTimestamp: number): jwt.Jwt {
  try {
    return jwt.verify(token, key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp,
      complete: true,
    });
  } catch (error) {
    throw error instanceof jwt.TokenExpiredError ? expired() : invalid();
  }
}

/** Fetched again when old or when a key id is unknown; while they cannot be had the old ones serve on. */
function publicKeys(jwks: VerifierDeps['jwks'], clock: Clock, limits: VerifierLimits) {
  let byKid = new Map<string, KeyObject>();
  let triedAtMs = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  async function fetchKeys(): Promise<void> {
    triedAtMs = clock.nowMs();
    try {
      const { keys } = await jwks();
      byKid = new Map(keys.filter(isP256).map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));
    } catch (error) {
      log.warn({ err: error }, 'public keys could not be fetched');
      if (byKid.size === 0)
        throw new UnavailableError('KEYS_AWAY', 'Tokens cannot be checked now; try again.');
    }
  }

  return {
    async find(kid: string): Promise<KeyObject | undefined> {
      const ageMs = clock.nowMs() - triedAtMs;
      const due = byKid.has(kid) ? limits.jwksMaxAgeMs : limits.jwksRefetchMsMin;
      if (fetching || ageMs >= due) {
        fetching ??= fetchKeys().finally(() => {
          fetching = undefined;
        });
        await fetching;
      }
      return byKid.get(kid);
    },
  };
}

const isP256 = (key: PublicJwk): key is PublicJwk & { readonly kid: string } =>
  key.kty === 'EC' && key.crv === 'P-256' && typeof key.kid === 'string';
