/**
 * The servers of the gateway bench, in a process of their own: the whole gateway, and bare node:http that
 * answers the very same bytes. Prints their ports and, asked with a message, the CPU time used so far.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AccessClaims } from '../../../actors/accounts/contract.ts';
import { DEFAULT_LIMITS } from '../../../actors/gateway/admission.ts';
import { ACCESS_TOKEN_TTL_MS, JWKS_MAX_AGE_MS, JWKS_REFETCH_MS_MIN } from '../../../config/limits.ts';
import { createTokenVerifier, signAccessToken } from '../../../kit/access-token.ts';
import { systemClock } from '../../../kit/sources.ts';
import { idOf, startGateway } from '../../gateway/doubles.ts';

/** So many listeners that nobody meets the general limit of a user. */
const USERS = 2000;
const SONG_ID = idOf(5);

const song = {
  songId: SONG_ID,
  title: 'Nachtfahrt durch die Vorstadt',
  artists: [{ artistId: idOf(11), name: 'Ensemble Sieben' }],
  album: { albumId: idOf(12), title: 'Laternen', coverId: 'c0ffee' },
  discNumber: 1,
  trackNumber: 4,
  durationMs: 214_507,
  explicit: false,
  genres: ['electronic', 'ambient'],
  moods: ['calm', 'night'],
  language: 'de',
  year: 1998,
  isrc: 'DEA129800017',
  lyrics: 'synced',
  loudness: { integratedLufs: -14.2, truePeakDbtp: -1.1 },
  hasPreview: true,
};

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { kid: 'bench', privateKey };
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: key.kid, alg: 'ES256', use: 'sig' };
const tokens = Array.from({ length: USERS }, (_, n) => {
  const claims: AccessClaims = {
    sub: idOf(100 + n),
    did: idOf(10_000 + n),
    roles: ['listener'],
    tier: 'free',
    country: 'DE',
  };
  return signAccessToken(claims, key, Date.now(), ACCESS_TOKEN_TTL_MS).token;
});

const gateway = await startGateway({
  overrides: { 'catalog.song': async () => song },
  options: { limits: DEFAULT_LIMITS },
  deps: {
    verifier: createTokenVerifier<AccessClaims>({
      jwks: async () => ({ keys: [jwk] }),
      clock: systemClock,
      limits: {
        verifiedTokensMax: USERS,
        tokenBytesMax: 4096,
        jwksMaxAgeMs: JWKS_MAX_AGE_MS,
        jwksRefetchMsMin: JWKS_REFETCH_MS_MIN,
      },
    }),
  },
});

const path = `/api/songs/${SONG_ID}`;
const sample = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${tokens[0]}` } });
const body = Buffer.from(await sample.arrayBuffer());
const OWN = new Set(['date', 'connection', 'keep-alive']);
const headers = [...sample.headers].filter(([name]) => !OWN.has(name)).flat();
const bare = createServer((_req, res) => {
  res.writeHead(200, headers);
  res.end(body);
});
bare.listen(0, '127.0.0.1', () => {
  const barePort = (bare.address() as AddressInfo).port;
  process.send?.({ gatewayPort: Number(new URL(gateway.url).port), barePort, path, tokens });
});

process.on('SIGINT', () => process.exit(0));
process.on('message', () => {
  gateway.calls.length = 0;
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system });
});
