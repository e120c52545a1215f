/** The keys that sign access tokens: made, sealed, rotated and served in time. */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { SIGNING_KEY_TRIES_MAX, SIGNING_KEYS_RELOAD_MS } from '../../config/limits.ts';
import type { PublicJwk, SigningKey } from '../../kit/access-token.ts';
import { derivedKey } from '../../kit/derived-key.ts';
import { logger } from '../../kit/log.ts';
import type { Table } from '../../kit/ports/tables.ts';
import type { Sources } from '../../kit/sources.ts';
import { type KeySchedule, nextKeyAt, servedKeysAt, signingKeyAt, successorAt } from './domain-keys.ts';
import type { SigningKeyRow } from './tables.ts';

const generate = promisify(generateKeyPair);
const USE = 'access-token';
/** Keys alive at one time are two or three; more than this would be a fault. */
const KEYS_READ_MAX = 100;
const SEAL = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

interface LoadedKey extends KeySchedule, SigningKey {
  readonly publicJwk: PublicJwk;
}

const log = logger('accounts');

export interface KeyRing {
  /** The key to sign with now; makes the next one when its time has come. */
  signingKey(): Promise<SigningKey>;
  /** Oldest first. */
  schedule(): Promise<readonly (KeySchedule & { readonly kid: string })[]>;
  /** Makes the next key now, unless one waits already; it signs once every verifier can know it. */
  rotate(): Promise<void>;
  /** Public keys of every token that may be alive, and of the one to come. */
  publicJwks(): Promise<PublicJwk[]>;
}

/** @throws Error when the stored keys were sealed under another master secret. */
export async function openKeyRing(
  rows: Table<[number], SigningKeyRow>,
  masterSecret: string,
  { clock, ids }: Sources,
): Promise<KeyRing> {
  const sealKey = derivedKey(masterSecret, 'antiphon accounts signing keys');
  let keys: readonly LoadedKey[] = [];
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  async function make({ generation, signsFromMs }: KeySchedule): Promise<void> {
    const { publicKey, privateKey } = await generate('ec', { namedCurve: 'P-256' });
    const kid = ids.next();
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' }) as Record<string, string>;
    // Of two processes that make the same generation the first wins and both sign with its key.
    await rows.insertIfAbsent(USE, [generation], {
      kid,
      signsFromMs,
      publicJwk: { kid, kty, crv, x, y, use: 'sig', alg: 'ES256' } as Record<string, string>,
      sealedPrivateKey: seal(privateKey, kid, sealKey),
    });
  }

  async function read(): Promise<LoadedKey[]> {
    const { rows: found } = await rows.scan(USE, { limit: KEYS_READ_MAX });
    return found.map(({ ck: [generation], row: { kid, signsFromMs, publicJwk, sealedPrivateKey } }) => ({
      generation,
      kid,
      signsFromMs,
      publicJwk,
      privateKey: keys.find((key) => key.kid === kid)?.privateKey ?? unseal(sealedPrivateKey, kid, sealKey),
    }));
  }

  async function load(): Promise<void> {
    let found = await read();
    // Again while the engine cannot tell whether the key was stored.
    for (let tries = 0; tries < SIGNING_KEY_TRIES_MAX; tries++) {
      const next = nextKeyAt(found, clock.nowMs());
      if (!next) break;
      await make(next);
      found = await read();
    }
    const served = servedKeysAt(found, clock.nowMs());
    for (const key of found) if (!served.includes(key)) await rows.delete(USE, [key.generation]);
    keys = served;
    loadedAtMs = clock.nowMs();
  }

  async function refreshed(): Promise<readonly LoadedKey[]> {
    if (clock.nowMs() - loadedAtMs >= SIGNING_KEYS_RELOAD_MS) {
      loading ??= load()
        .catch((error: unknown) => {
          // What is known goes on proving who somebody is while the tables are away.
          if (keys.length === 0) throw error;
          loadedAtMs = clock.nowMs();
          log.warn({ err: error }, 'signing keys could not be read again; those known go on');
        })
        .finally(() => {
          loading = undefined;
        });
      await loading;
    }
    return keys;
  }

  await refreshed();
  return {
    async signingKey() {
      const key = signingKeyAt(await refreshed(), clock.nowMs());
      if (!key) throw new Error('no signing key was stored');
      return key;
    },
    schedule: refreshed,
    async rotate() {
      const next = successorAt(await read(), clock.nowMs());
      if (next) await make(next);
      loadedAtMs = Number.NEGATIVE_INFINITY;
      await refreshed();
    },
    async publicJwks() {
      return (await refreshed()).map(({ publicJwk }) => publicJwk);
    },
  };
}

function seal(key: KeyObject, kid: string, sealKey: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(SEAL, sealKey, iv).setAAD(Buffer.from(kid));
  const body = Buffer.concat([cipher.update(key.export({ type: 'pkcs8', format: 'der' })), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64');
}

function unseal(sealed: string, kid: string, sealKey: Buffer): KeyObject {
  const bytes = Buffer.from(sealed, 'base64');
  const body = bytes.subarray(IV_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv(SEAL, sealKey, bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(kid))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const der = Buffer.concat([decipher.update(body), decipher.final()]);
    return createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
  } catch (cause) {
    throw new Error(
      'The signing keys were sealed under another master secret: start with the one this data was made with.',
      { cause },
    );
  }
}
