/**
 * A data folder with accounts that are signed in and songs to play. Accounts are written as rows, since twenty
 * thousand password hashes would tell nothing of listening; their tokens are signed with the folder's own key,
 * and the service checks tokens and devices as it always does.
 */
import { newAccount, signIn } from '../../../actors/accounts/domain.ts';
import { openKeyRing } from '../../../actors/accounts/signing-keys.ts';
import { ACCOUNTS, SIGNING_KEYS } from '../../../actors/accounts/tables.ts';
import { createCatalog } from '../../../actors/catalog/actor.ts';
import { DAY_MS, HOUR_MS } from '../../../config/limits.ts';
import { masterSecret } from '../../../config/secrets.ts';
import { openEmbedded } from '../../../infra/embedded/open-embedded.ts';
import { signAccessToken } from '../../../kit/access-token.ts';
import type { Tables } from '../../../kit/ports/tables.ts';
import { systemIds, systemSources } from '../../../kit/sources.ts';
import { idOf, release } from '../../doubles/releases.ts';

const ALBUMS = 100;
const SONGS_PER_ALBUM = 12;
const SONG_MS = 180_000;
const WRITES_AT_ONCE = 256;
/** Longer than the run: renewing tokens is not what is measured. */
const TOKEN_TTL_MS = 2 * HOUR_MS;

export interface ListenerAccount {
  readonly token: string;
  readonly albumId: string;
  readonly songIds: readonly string[];
}

interface Library {
  readonly dataDir: string;
  readonly secret: string;
  readonly accounts: readonly ListenerAccount[];
}

export async function makeLibrary(dataDir: string, listeners: number): Promise<Library> {
  await using engines = await openEmbedded({ dataDir, clock: systemSources.clock });
  const secret = await masterSecret(dataDir, undefined);
  await using catalog = createCatalog({ ...engines, sources: systemSources });
  await catalog.start();
  const makeAlbum = async (a: number): Promise<string[]> => {
    const names = Array.from({ length: SONGS_PER_ALBUM }, (_, i) => `album${a}song${i}`);
    for (const [i, name] of names.entries()) {
      const at = { trackNumber: i + 1, durationMs: SONG_MS };
      await catalog.handlers.release(release(name, at, `album${a}`));
    }
    return names.map(idOf);
  };
  const albums: string[][] = [];
  for (let a = 0; a < ALBUMS; a++) albums.push(await makeAlbum(a));
  await catalog.caughtUp();
  const tokens = await signInAll(engines.tables, secret, listeners);
  const accounts = tokens.map((token, i) => {
    const a = i % ALBUMS;
    return { token, albumId: idOf(`album${a}`), songIds: albums[a] ?? [] };
  });
  return { dataDir, secret, accounts };
}

async function signInAll(tables: Tables, secret: string, count: number): Promise<string[]> {
  const accounts = tables.open(ACCOUNTS);
  const keyRing = await openKeyRing(tables.open(SIGNING_KEYS), secret, systemSources);
  const key = await keyRing.signingKey();
  const nowMs = Date.now();

  const signInOne = async (i: number): Promise<string> => {
    const userId = systemIds.next();
    const deviceId = systemIds.next();
    const fresh = newAccount({
      userId,
      username: `listener${i}`,
      displayName: `Listener ${i}`,
      country: 'SE',
      roles: [],
      passwordHash: 'none',
      createdAtMs: nowMs - DAY_MS,
    });
    const request = {
      deviceId: undefined,
      newDeviceId: deviceId,
      deviceName: 'Bench',
      replaceDeviceId: undefined,
      sessionId: systemIds.next(),
    };
    const signedIn = signIn(fresh, request, nowMs);
    if (!signedIn.accepted) throw signedIn.rejection;
    await accounts.insertIfAbsent(userId, [], { s: 'live', account: signedIn.account, outbox: [] });
    const claims = { sub: userId, did: deviceId, roles: [], tier: 'free', country: 'SE' };
    return signAccessToken(claims, key, nowMs, TOKEN_TTL_MS).token;
  };

  const tokens: string[] = [];
  for (let from = 0; from < count; from += WRITES_AT_ONCE) {
    const size = Math.min(WRITES_AT_ONCE, count - from);
    tokens.push(...(await Promise.all(Array.from({ length: size }, (_, i) => signInOne(from + i)))));
  }
  return tokens;
}
