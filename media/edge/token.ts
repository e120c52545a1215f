/**
 * The token in the path of a media URL: `<kid>.<expiry>.<playId>.<userId>.<maxRung>.<region>.<mac>`.
 *
 * Fields are plain text, so that njs in nginx can check one without parsing JSON. The expiry is in seconds
 * since the epoch, base 36. The mac is HMAC-SHA256 over the fields and the song's id, base64url.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { RUNGS, type Rung } from '../../actors/catalog/contract.ts';
import { EDGE_VERIFIED_TOKENS_MAX } from '../../config/limits.ts';
import type { Clock } from '../../kit/sources.ts';

export interface MediaKey {
  /** 1 to 16 letters and digits. */
  readonly kid: string;
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
}

/** The first key signs; all of them verify, so a new one is put in front and the old one dropped an expiry later. */
export type MediaKeys = readonly [MediaKey, ...MediaKey[]];

export interface TokenClaims {
  readonly playId: string;
  readonly userId: string;
  /** kbit/s. */
  readonly maxRung: Rung;
  /** ISO 3166-1 alpha-2 country of the listener. */
  readonly region: string;
  /** UTC milliseconds; whole seconds. */
  readonly expiresAtMs: number;
}

export type Verified =
  | { readonly s: 'valid'; readonly claims: TokenClaims }
  /** Changed, made for another song, or signed by a key that is not known: which one cannot be told. */
  | { readonly s: 'forged' }
  | { readonly s: 'expired' };

const SHAPE =
  /^([0-9A-Za-z]{1,16})\.([0-9a-z]{1,8})\.([0-9A-Za-z]{22})\.([0-9A-Za-z]{22})\.(24|96|160|320)\.([A-Z]{2})\.([\w-]{43})$/;

const macOf = (secret: Uint8Array, fields: string, songId: string): Buffer =>
  createHmac('sha256', secret).update(`${fields}.${songId}`).digest();

export function signToken(key: MediaKey, songId: string, claims: TokenClaims): string {
  const { expiresAtMs, playId, userId, maxRung, region } = claims;
  const expiry = Math.floor(expiresAtMs / 1000).toString(36);
  const fields = [key.kid, expiry, playId, userId, maxRung, region].join('.');
  return `${fields}.${macOf(key.secret, fields, songId).toString('base64url')}`;
}

export interface TokenVerifier {
  verify(token: string, songId: string): Verified;
}

/** Remembers what it has verified: a play asks with the same token for each of its segments. */
export function createTokenVerifier({
  keys,
  clock,
  rememberedMax = EDGE_VERIFIED_TOKENS_MAX,
}: {
  readonly keys: MediaKeys;
  readonly clock: Clock;
  readonly rememberedMax?: number;
}): TokenVerifier {
  const secrets = new Map(keys.map(({ kid, secret }) => [kid, secret]));
  // In order of first use: the oldest goes first, which for tokens is the one that expires first.
  const remembered = new Map<string, TokenClaims>();

  const check = (token: string, songId: string): TokenClaims | undefined => {
    const [, kid = '', expiry = '', playId = '', userId = '', rung, region = '', mac = ''] =
      SHAPE.exec(token) ?? [];
    const secret = secrets.get(kid);
    const maxRung = RUNGS.find((known) => String(known) === rung);
    if (!secret || !maxRung) return undefined;
    const expected = macOf(secret, token.slice(0, -mac.length - 1), songId);
    const given = Buffer.from(mac, 'base64url');
    // 43 characters hold two bits more than a mac: a second spelling of the same mac is no valid one.
    if (given.toString('base64url') !== mac || !timingSafeEqual(expected, given)) return undefined;
    return { playId, userId, maxRung, region, expiresAtMs: Number.parseInt(expiry, 36) * 1000 };
  };

  return {
    verify(token, songId) {
      const name = `${token}/${songId}`;
      let claims = remembered.get(name);
      if (!claims) {
        claims = check(token, songId);
        if (!claims) return { s: 'forged' };
        if (remembered.size >= rememberedMax) remembered.delete(remembered.keys().next().value ?? '');
        remembered.set(name, claims);
      }
      if (claims.expiresAtMs > clock.nowMs()) return { s: 'valid', claims };
      remembered.delete(name);
      return { s: 'expired' };
    },
  };
}
