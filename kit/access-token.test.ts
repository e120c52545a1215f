import { createHmac, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import t from 'tap';
import { createTokenVerifier, type PublicJwk, signAccessToken } from './access-token.ts';
import { UnauthenticatedError, UnavailableError } from './errors.ts';
import type { Clock } from './sources.ts';

const TTL_MS = 600_000;
const LIMITS = { verifiedTokensMax: 3, tokenBytesMax: 2000, jwksMaxAgeMs: 300_000, jwksRefetchMsMin: 5000 };

function keyPair(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } as PublicJwk };
}

function setup(...published: ReturnType<typeof keyPair>[]) {
  const state = {
    nowMs: Date.UTC(2026, 0, 1),
    fetches: 0,
    away: false,
    keys: published.map(({ jwk }) => jwk),
  };
  const clock: Clock = { nowMs: () => state.nowMs, after: () => ({ cancel: () => undefined }) };
  const jwks = async () => {
    state.fetches++;
    if (state.away) throw new Error('away');
    return { keys: state.keys };
  };
  const verifier = createTokenVerifier<{ sub: string }>({ jwks, clock, limits: LIMITS });
  const sign = (sub: string, key = published[0] as ReturnType<typeof keyPair>) =>
    signAccessToken({ sub }, key, state.nowMs, TTL_MS).token;
  return { state, verifier, sign };
}

const refused = { code: 'TOKEN_INVALID' };

t.test('a token gives back its claims and nothing else, cold and warm', async (t) => {
  const { verifier, sign } = setup(keyPair('a'));
  const token = sign('ada');
  t.strictSame(await verifier.verify(token), { sub: 'ada' });
  t.strictSame(await verifier.verify(token), { sub: 'ada' });
  t.match(jwt.decode(token, { complete: true })?.header, { alg: 'ES256', typ: 'at+jwt', kid: 'a' });
});

t.test('a token expires, remembered or not', async (t) => {
  const { state, verifier, sign } = setup(keyPair('a'));
  const [seen, unseen] = [sign('seen'), sign('unseen')];
  await verifier.verify(seen);
  state.nowMs += TTL_MS;
  for (const token of [seen, seen, unseen]) {
    await t.rejects(verifier.verify(token), { code: 'TOKEN_EXPIRED', status: 401 });
  }
});

t.test('no other algorithm, type, issuer or audience is believed', async (t) => {
  const key = keyPair('a');
  const { state, verifier } = setup(key);
  const iat = Math.floor(state.nowMs / 1000);
  const good = { sub: 'eve', iss: 'antiphon', aud: 'antiphon-api', iat, exp: iat + 60 };
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'a' } as const;
  const es256 = (payload: object, more: object = {}) =>
    jwt.sign(payload, key.privateKey, { algorithm: 'ES256', header: { ...header, ...more } });
  t.ok(await verifier.verify(es256(good)), 'the control is accepted');

  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = `${base64({ ...header, alg: 'none' })}.${base64(good)}.`;
  const hs = `${base64({ ...header, alg: 'HS256' })}.${base64(good)}`;
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' });
  const hsConfused = `${hs}.${createHmac('sha256', pem).update(hs).digest('base64url')}`;
  const { exp: _exp, ...endless } = good;
  const { iss: _iss, ...anonymous } = good;
  const [head, , signature] = es256(good).split('.');
  const bad = {
    unsigned,
    hsConfused,
    endless: es256(endless),
    anonymous: es256(anonymous),
    otherIssuer: es256({ ...good, iss: 'elsewhere' }),
    otherAudience: es256({ ...good, aud: 'elsewhere' }),
    otherType: es256(good, { typ: 'JWT' }),
    otherKey: jwt.sign(good, keyPair('a').privateKey, { algorithm: 'ES256', header }),
    payloadSwapped: `${head}.${base64({ ...good, sub: 'root' })}.${signature}`,
    noKeyId: jwt.sign(good, key.privateKey, { algorithm: 'ES256' }),
    tooLong: es256({ ...good, sub: 'x'.repeat(2000) }),
    text: 'hello',
    empty: '',
  };
  for (const [name, token] of Object.entries(bad)) {
    await t.rejects(verifier.verify(token), refused, name);
    await t.rejects(verifier.verify(token), UnauthenticatedError, `${name}, again`);
  }
});

t.test('an unknown key id fetches the keys again, but not for every forged token', async (t) => {
  const [old, fresh] = [keyPair('old'), keyPair('new')];
  const { state, verifier, sign } = setup(old);
  await verifier.verify(sign('ada'));
  state.keys = [old.jwk, fresh.jwk];
  await t.rejects(verifier.verify(sign('ada', fresh)), refused, 'fetched a moment ago');
  state.nowMs += LIMITS.jwksRefetchMsMin;
  t.same(await verifier.verify(sign('ada', fresh)), { sub: 'ada' });
  const { fetches } = state;
  const forged = Array.from({ length: 20 }, (_, i) => sign(`eve${i}`, keyPair(`forged${i}`)));
  for (const token of forged) await t.rejects(verifier.verify(token), refused);
  t.equal(state.fetches, fetches);
});

t.test('a key that is no longer published is believed no longer than the keys are kept', async (t) => {
  const [old, fresh] = [keyPair('old'), keyPair('new')];
  const { state, verifier, sign } = setup(old);
  await verifier.verify(sign('ada'));
  state.keys = [fresh.jwk];
  state.nowMs += LIMITS.jwksMaxAgeMs;
  await t.rejects(verifier.verify(sign('bob')), refused);
});

t.test('a bounded number of tokens is remembered, the latest used', async (t) => {
  const { state, verifier, sign } = setup(keyPair('a'));
  const [a = '', b = '', c = '', d = ''] = ['a', 'b', 'c', 'd'].map((sub) => sign(sub));
  for (const token of [a, b, c, a, d]) await verifier.verify(token);
  // Without its key only a token that is remembered still passes.
  state.keys = [];
  state.nowMs += LIMITS.jwksMaxAgeMs;
  for (const token of [a, c, d]) t.ok(await verifier.verify(token));
  await t.rejects(verifier.verify(b), refused);
});

t.test('known keys serve on while new ones cannot be fetched', async (t) => {
  const { state, verifier, sign } = setup(keyPair('a'));
  state.away = true;
  await t.rejects(verifier.verify(sign('ada')), UnavailableError);
  state.away = false;
  state.nowMs += LIMITS.jwksRefetchMsMin;
  await verifier.verify(sign('ada'));
  state.away = true;
  state.nowMs += LIMITS.jwksMaxAgeMs;
  t.same(await verifier.verify(sign('bob')), { sub: 'bob' });
});

t.test('requests at the same time share one fetch', async (t) => {
  const { state, verifier, sign } = setup(keyPair('a'));
  await Promise.all(['a', 'b', 'c'].map((sub) => verifier.verify(sign(sub))));
  t.equal(state.fetches, 1);
});
