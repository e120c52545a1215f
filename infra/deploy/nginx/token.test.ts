/**
 * Goal: nginx refuses and admits exactly what the origin does.
 * Method: the script that nginx runs is imported as it is, and asked beside media/edge/token.ts about the same
 * tokens, whole and spoilt. That njs runs it the same way is edge.engine.ts's to show.
 */
import fc from 'fast-check';
import t from 'tap';
import { RUNGS } from '../../../actors/catalog/contract.ts';
import { keysFile } from '../../../media/edge/keys-file.ts';
import {
  createTokenVerifier,
  type MediaKeys,
  signToken,
  type TokenClaims,
} from '../../../media/edge/token.ts';

const NOW_MS = 1_790_000_000_000;
const keys: MediaKeys = [
  { kid: '2', secret: Buffer.alloc(32, 2) },
  { kid: '1', secret: Buffer.alloc(48, 1) },
];
const secrets: unknown = JSON.parse(keysFile(keys));
const script: string = './token.js';
const { judge } = (await import(script)).default as {
  judge(secrets: unknown, token: string, song: string, rung: string | undefined, nowMs: number): string;
};

/** As media/edge/edge.ts answers. */
function origin(token: string, song: string, rung: number | undefined): string {
  const verifier = createTokenVerifier({
    keys,
    clock: { nowMs: () => NOW_MS, after: () => ({ cancel() {} }) },
  });
  const verified = verifier.verify(token, song);
  if (verified.s !== 'valid') return verified.s;
  return rung !== undefined && rung > verified.claims.maxRung ? 'rung' : 'valid';
}

const id = fc.stringMatching(/^[0-9A-Za-z]{22}$/);
const claims: fc.Arbitrary<TokenClaims> = fc.record({
  playId: id,
  userId: id,
  maxRung: fc.constantFrom(...RUNGS),
  region: fc.stringMatching(/^[A-Z]{2}$/),
  expiresAtMs: fc.constantFrom(NOW_MS - 1000, NOW_MS, NOW_MS + 1000, NOW_MS + 1_800_000),
});
const signer = fc.constantFrom(
  ...keys,
  { kid: '1', secret: Buffer.alloc(32, 9) },
  {
    kid: 'toString',
    secret: Buffer.alloc(32, 9),
  },
);
const spoil = fc.oneof(
  fc.constant((token: string) => token),
  fc.tuple(fc.nat(), fc.constantFrom(...'0aZ.-_=/ é')).map(
    ([at, char]) =>
      (token: string): string =>
        token.slice(0, at % token.length) + char + token.slice((at % token.length) + 1),
  ),
  fc.nat().map((at) => (token: string) => token.slice(0, at % token.length)),
  fc.constant((token: string) => token.replace(/\.(24|96|160)\./, '.320.')),
);

void t.test('the script of nginx judges every token as the origin does', async (t) => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      claims,
      signer,
      id,
      fc.boolean(),
      fc.constantFrom(undefined, ...RUNGS),
      spoil,
      (said, key, song, isOtherSong, rung, change) => {
        const token = change(signToken(key, isOtherSong ? 'X'.repeat(22) : song, said));
        const verdict = judge(secrets, token, song, rung?.toString(), NOW_MS);
        seen.add(verdict);
        return verdict === origin(token, song, rung);
      },
    ),
    { numRuns: 2000 },
  );
  t.same([...seen].sort(), ['expired', 'forged', 'rung', 'valid'], 'all answers were met');
});

void t.test('of the spellings that one mac has in base64url, only ours opens', async (t) => {
  const song = 'S'.repeat(22);
  const said = {
    playId: song,
    userId: song,
    maxRung: 160,
    region: 'DE',
    expiresAtMs: NOW_MS + 1000,
  } as const;
  const token = signToken(keys[0], song, said);
  const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = ALPHABET.indexOf(token.slice(-1));
  const other = token.slice(0, -1) + ALPHABET[last ^ 1];
  t.equal(judge(secrets, token, song, '160', NOW_MS), 'valid');
  t.equal(judge(secrets, other, song, '160', NOW_MS), 'forged');
});
