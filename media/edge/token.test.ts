import t from 'tap';
import type { Clock } from '../../kit/sources.ts';
import { createMediaUrls } from './media-urls.ts';
import { createTokenVerifier, type MediaKey, signToken, type TokenClaims } from './token.ts';

const SONG = 'S'.repeat(22);
const OTHER_SONG = 'T'.repeat(22);
const key = (kid: string): MediaKey => ({ kid, secret: Buffer.alloc(32, kid) });
const claims: TokenClaims = {
  playId: 'P'.repeat(22),
  userId: 'U'.repeat(22),
  maxRung: 160,
  region: 'DE',
  expiresAtMs: 1_800_000,
};
const clockAt = (nowMs: number): Clock & { nowAtMs: number } => ({
  nowAtMs: nowMs,
  nowMs() {
    return this.nowAtMs;
  },
  after: () => ({ cancel() {} }),
});

t.test('a signed token tells its claims', async (t) => {
  const verifier = createTokenVerifier({ keys: [key('k1')], clock: clockAt(0) });
  t.same(verifier.verify(signToken(key('k1'), SONG, claims), SONG), { s: 'valid', claims });
});

t.test('a token with any character changed is refused', async (t) => {
  const verifier = createTokenVerifier({ keys: [key('k1')], clock: clockAt(0) });
  const token = signToken(key('k1'), SONG, claims);
  t.equal(verifier.verify(token, SONG).s, 'valid', 'remembered before it is tampered with');
  const tampered = [...token].flatMap((char, i) =>
    ['0', 'A', 'z'].flatMap((other) =>
      other === char ? [] : [token.slice(0, i) + other + token.slice(i + 1)],
    ),
  );
  t.same(
    tampered.filter((each) => verifier.verify(each, SONG).s !== 'forged'),
    [],
  );
  t.equal(verifier.verify(token.replace('.160.', '.320.'), SONG).s, 'forged', 'a higher rung');
  t.equal(verifier.verify(`${token}=`, SONG).s, 'forged');
});

t.test('a token opens no other song', async (t) => {
  const verifier = createTokenVerifier({ keys: [key('k1')], clock: clockAt(0) });
  const token = signToken(key('k1'), SONG, claims);
  t.equal(verifier.verify(token, SONG).s, 'valid');
  t.equal(verifier.verify(token, OTHER_SONG).s, 'forged');
});

t.test('a token ends at its expiry, also when it was remembered', async (t) => {
  const clock = clockAt(1_799_999);
  const verifier = createTokenVerifier({ keys: [key('k1')], clock });
  const token = signToken(key('k1'), SONG, claims);
  t.equal(verifier.verify(token, SONG).s, 'valid');
  clock.nowAtMs = 1_800_000;
  t.equal(verifier.verify(token, SONG).s, 'expired');
});

t.test('keys rotate: the old one verifies until it is dropped', async (t) => {
  const token = signToken(key('old'), SONG, claims);
  const rotated = createTokenVerifier({ keys: [key('new'), key('old')], clock: clockAt(0) });
  t.equal(rotated.verify(token, SONG).s, 'valid');
  const dropped = createTokenVerifier({ keys: [key('new')], clock: clockAt(0) });
  t.equal(dropped.verify(token, SONG).s, 'forged');
});

t.test('a bounded memory forgets and verifies anew', async (t) => {
  const verifier = createTokenVerifier({ keys: [key('k1')], clock: clockAt(0), rememberedMax: 1 });
  const tokens = [SONG, OTHER_SONG, SONG].map((song) => [signToken(key('k1'), song, claims), song] as const);
  for (const [token, song] of tokens) t.equal(verifier.verify(token, song).s, 'valid');
});

t.test('URLs of a grant lie below one signed path', async (t) => {
  const urls = createMediaUrls({ keys: [key('k1')], baseUrl: 'https://edge.example.org' });
  const song = { hasOriginal: true };
  const { hlsUrl, dashUrl, fileUrl, originalUrl } = urls.sign({ ...claims, songId: SONG }, song);
  const base = `https://edge.example.org/m/${signToken(key('k1'), SONG, claims)}/${SONG}/`;
  t.same([hlsUrl, dashUrl, fileUrl], [`${base}master.m3u8`, `${base}manifest.mpd`, `${base}160.m4a`]);
  const apart = createMediaUrls({ keys: [key('k1')], baseUrl: 'https://edge.example', fallbackUrl: '' });
  t.equal(originalUrl, undefined, 'the file itself is for whom the best is allowed');
  const best = { ...claims, maxRung: 320, songId: SONG } as const;
  t.match(urls.sign(best, song).originalUrl, /^https:\/\/edge.example.org\/m\/.*\/original$/);
  t.equal(urls.sign(best, { hasOriginal: false }).originalUrl, undefined);
  const signed = apart.sign({ ...claims, songId: SONG }, song);
  t.ok(signed.hlsUrl.startsWith('https://edge.example/m/'));
  t.equal(`https://edge.example${signed.fallback?.hlsUrl}`, signed.hlsUrl, 'the origin takes the same path');
});
