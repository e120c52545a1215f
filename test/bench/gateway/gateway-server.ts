/** The whole gateway of the bench, in a process of its own, with doubles in place of the actors. */
import { generateKeyPairSync } from 'node:crypto';
import type { AccessClaims } from '../../../actors/accounts/contract.ts';
import { DEFAULT_LIMITS } from '../../../actors/gateway/admission.ts';
import { ACCESS_TOKEN_TTL_MS, JWKS_MAX_AGE_MS, JWKS_REFETCH_MS_MIN } from '../../../config/limits.ts';
import { createTokenVerifier, signAccessToken } from '../../../kit/access-token.ts';
import { systemClock } from '../../../kit/sources.ts';
import { idOf, startGateway } from '../../gateway/doubles.ts';
import { tellCpu } from './tell-cpu.ts';

/** What the bare server is to send: names and values of the headers in turn, and the text of the body. */
export interface Answer {
  readonly headers: string[];
  readonly body: string;
}

export interface Ready {
  readonly port: number;
  readonly path: string;
  readonly tokens: readonly string[];
  readonly answer: Answer;
}

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

// Nobody reads the calls here, and keeping them would be billed to the gateway.
gateway.calls.push = () => 0;

const path = `/api/songs/${SONG_ID}`;
const sample = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${tokens[0]}` } });
/** What node:http adds by itself. */
const OWN = new Set(['date', 'connection', 'keep-alive']);
const headers = [...sample.headers].filter(([name]) => !OWN.has(name)).flat();
const answer = { headers, body: await sample.text() };
tellCpu();
const ready: Ready = { port: Number(new URL(gateway.url).port), path, tokens, answer };
process.send?.(ready);
