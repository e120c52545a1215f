/** Keys from the master secret, and codes that a person types once. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { derivedKey } from '../../kit/derived-key.ts';

/** Constant time over texts of one length; secrets compared here are digests. */
export function isSameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Crockford's base32: no letter that can be taken for a digit. */
const CODE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 20;

const codeFrom = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, CODE_LENGTH), (byte) => CODE_ALPHABET[byte % CODE_ALPHABET.length])
    .join('')
    .replace(/.{5}(?=.)/g, '$&-');

/** 100 random bits as `XXXXX-XXXXX-XXXXX-XXXXX`. */
export const newCode = (): string => codeFrom(randomBytes(CODE_LENGTH));

/** A code that every node with the master secret makes from the same salt, and nobody else. */
export const codeOf = (masterSecret: string, purpose: 'setup' | 'invitation', salt: string): string =>
  codeFrom(derivedKey(masterSecret, `antiphon accounts ${purpose} code ${salt}`));

/** Case, dashes, spaces and look-alike letters are forgiven. So much chance needs no slow hash. */
export function hashCode(code: string): string {
  const letters = code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  return createHash('sha256').update(letters).digest('base64url');
}

export interface RefreshTokenParts {
  readonly userId: string;
  readonly sessionId: string;
  readonly generation: number;
}

/**
 * A refresh token is the name of a session's generation with its MAC. Nothing of it is stored, so a copy of
 * the database opens no session, and a retry can be given the very same successor.
 */
export function refreshTokens(masterSecret: string) {
  const key = derivedKey(masterSecret, 'antiphon accounts refresh tokens');
  const mac = (name: string): string => createHmac('sha256', key).update(name).digest('base64url');
  return {
    write({ userId, sessionId, generation }: RefreshTokenParts): string {
      const name = `${userId}.${sessionId}.${generation}`;
      return `${name}.${mac(name)}`;
    },
    /** undefined for anything that `write` has not made. */
    read(token: string): RefreshTokenParts | undefined {
      const end = token.lastIndexOf('.');
      const name = token.slice(0, Math.max(end, 0));
      if (!isSameDigest(token.slice(end + 1), mac(name))) return undefined;
      const [userId = '', sessionId = '', generation] = name.split('.');
      return { userId, sessionId, generation: Number(generation) };
    },
  };
}
