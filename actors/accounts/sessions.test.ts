import t from 'tap';
import {
  ACCESS_TOKEN_TTL_MS,
  LOGIN_BACKOFF_MS,
  LOGIN_BACKOFF_MS_MAX,
  LOGIN_FAILURES_FREE,
  REFRESH_TOKEN_TTL_MS,
  SIGNING_KEY_LIFETIME_MS,
  SIGNING_KEY_PUBLISHED_AHEAD_MS,
  USERNAME_CLAIM_TTL_MS,
} from '../../config/limits.ts';
import { createTokenVerifier } from '../../kit/access-token.ts';
import { validatorOf } from '../../kit/validate.ts';
import { HASH_LIMITS, PASSWORD, type World, world } from '../../test/accounts/world.ts';
import type { Accounts } from './actor.ts';
import { type AccessClaims, accountsContract, type Session } from './contract.ts';

const verifierOf = (call: Accounts['handlers'], { clock }: World) =>
  createTokenVerifier<AccessClaims>({
    jwks: () => call.jwks({}),
    clock,
    limits: { verifiedTokensMax: 10, tokenBytesMax: 4096, jwksMaxAgeMs: 300_000, jwksRefetchMsMin: 0 },
  });

const login = (w: World, more: object = {}): Promise<Session> =>
  w.call.login({ username: 'ada', password: PASSWORD, ...more });

t.test('A17: signing up answers with a session whose access token carries the claims', async (t) => {
  const w = await world(t);
  const session = await w.signUp('Ada', { country: 'FR' });
  t.ok(validatorOf(accountsContract.actions.signUp.result).Check(session), 'as the contract says');
  t.strictSame(await verifierOf(w.call, w).verify(session.accessToken), {
    sub: session.userId,
    did: session.deviceId,
    roles: ['listener'],
    tier: 'free',
    country: 'FR',
  });
  t.equal(session.accessExpiresAtMs, w.clock.nowMs() + ACCESS_TOKEN_TTL_MS);
  t.equal(session.refreshExpiresAtMs, w.clock.nowMs() + REFRESH_TOKEN_TTL_MS);
  t.same(await w.events(session.userId), ['accountCreated']);
});

t.test('A1: a name is taken without regard to case, also when both come at once', async (t) => {
  const w = await world(t);
  const both = await Promise.allSettled([w.signUp('Ada'), w.signUp('aDA')]);
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  await t.rejects(w.signUp('ADA'), { code: 'USERNAME_TAKEN', status: 409 });
  t.ok(await w.call.login({ username: 'ADA', password: PASSWORD }));
});

t.test('A2: a refused password leaves the name free', async (t) => {
  const w = await world(t);
  await t.rejects(w.signUp('ada', { password: 'password123' }), { code: 'PASSWORD_COMMON' });
  await t.rejects(w.signUp('adalove', { password: 'my adalove pass' }), { code: 'PASSWORD_HAS_USERNAME' });
  t.ok(await w.signUp('ada'));
});

t.test('A2: the password is stored as an argon2id PHC string and nowhere in clear', async (t) => {
  const w = await world(t);
  await w.signUp('ada');
  t.match(w.dump(), /\$argon2id\$v=19\$m=64,t=1,p=1\$[\w+/]{22}\$[\w+/]{43}"/);
  t.notMatch(w.dump(), PASSWORD);
});

t.test('A3: with sign-up closed only the setup code opens', async (t) => {
  const w = await world(t, { openSignUp: false });
  await t.rejects(w.signUp('ada'), { code: 'SIGN_UP_CLOSED', status: 403 });
  const setupCode = await w.accounts.ensureSetupCode();
  t.ok(await w.signUp('ada', { setupCode }));
});

t.test('A4: a name left by a sign-up that broke off is free again after a minute', async (t) => {
  const w = await world(t);
  const { open } = w.deps.tables;
  const dies = {
    ...w.deps.tables,
    open: (spec: Parameters<typeof open>[0]) => {
      const table = open(spec);
      if (spec.name !== 'accounts') return table;
      const die = async () => {
        throw new Error('died');
      };
      return { ...table, get: die, insertIfAbsent: die };
    },
  } as typeof w.deps.tables;
  const dying = await w.restart({ tables: dies });
  await t.rejects(dying.handlers.signUp({ username: 'ada', password: PASSWORD }), /died/);
  await t.rejects(w.signUp('ada'), { code: 'USERNAME_TAKEN' });
  await t.rejects(login(w), { code: 'LOGIN_FAILED' });
  t.same((await w.call.list({})).items, []);
  w.clock.advance(USERNAME_CLAIM_TTL_MS + 1);
  const { userId } = await w.signUp('ada');
  t.equal((await login(w)).userId, userId);
});

t.test('A5: an unknown name and a wrong password give one error', async (t) => {
  const w = await world(t);
  await w.signUp('ada');
  const refusals = await Promise.allSettled([
    w.call.login({ username: 'nobody', password: PASSWORD }),
    login(w, { password: 'wrong' }),
    login(w, { password: 'wrong', deviceId: '0'.repeat(22) }),
  ]);
  const texts = refusals.map((refusal) => (refusal.status === 'rejected' ? refusal.reason : undefined));
  for (const { code, status, message, data } of texts) {
    t.strictSame(
      { code, status, message, data },
      { code: 'LOGIN_FAILED', status: 401, message: 'The name or the password is wrong.', data: {} },
    );
  }
});

t.test('A6: failures beyond the free ones cost a wait that doubles to its maximum', async (t) => {
  for (const username of ['ada', 'nobody']) {
    const w = await world(t);
    await w.signUp('ada');
    const wrong = () => w.call.login({ username, password: 'wrong' });
    for (let i = 0; i < LOGIN_FAILURES_FREE; i++) await t.rejects(wrong(), { code: 'LOGIN_FAILED' });
    let waitMs = LOGIN_BACKOFF_MS;
    for (let i = 0; i < 12; i++) {
      await t.rejects(wrong(), { code: 'LOGIN_FAILED' });
      const refusal = { code: 'TOO_MANY_ATTEMPTS', status: 429, data: { retryAfterSec: waitMs / 1000 } };
      await t.rejects(wrong(), refusal, `${username}: wait of ${waitMs} ms`);
      w.clock.advance(waitMs - 1);
      await t.rejects(wrong(), { code: 'TOO_MANY_ATTEMPTS' });
      w.clock.advance(1);
      waitMs = Math.min(waitMs * 2, LOGIN_BACKOFF_MS_MAX);
    }
  }
});

t.test('A6: strangers who fail end no session and do not shut out a device used before', async (t) => {
  const w = await world(t);
  const first = await w.signUp('ada');
  for (let i = 0; i <= LOGIN_FAILURES_FREE; i++) {
    await t.rejects(login(w, { password: 'wrong' }), { code: 'LOGIN_FAILED' });
  }
  await t.rejects(login(w), { code: 'TOO_MANY_ATTEMPTS' }, 'not even with the right password');
  t.ok(await w.call.refresh({ refreshToken: first.refreshToken }));
  t.ok(await login(w, { deviceId: first.deviceId }));
});

t.test('A6: a crowd of guesses at one time meets the limit that the first of them reached', async (t) => {
  const w = await world(t, { hashLimits: { ...HASH_LIMITS, atOnceMax: 1, waitingMax: 100 } });
  await w.signUp('ada');
  const guesses = await Promise.allSettled(
    Array.from({ length: 40 }, (_, i) => login(w, { password: `guess ${i}` })),
  );
  const hashed = guesses.filter(
    ({ status, ...rest }) => 'reason' in rest && rest.reason.code === 'LOGIN_FAILED',
  );
  t.ok(hashed.length <= LOGIN_FAILURES_FREE + 2, `${hashed.length} were tried`);
});

t.test('A20: a login that was checked against a password changed meanwhile is refused', async (t) => {
  const w = await world(t);
  const { userId, deviceId } = await w.signUp('ada');
  const change = { userId, deviceId, currentPassword: PASSWORD, newPassword: 'another four words here' };
  let meanwhile = async () => {
    meanwhile = async () => undefined;
    await w.call.changePassword(change);
  };
  const slow = await w.restart({
    tables: {
      open(spec) {
        const table = w.deps.tables.open(spec);
        const getVersioned: typeof table.getVersioned = async (...args) => {
          await meanwhile();
          return table.getVersioned(...args);
        };
        return { ...table, getVersioned };
      },
    },
  });
  await t.rejects(slow.handlers.login({ username: 'ada', password: PASSWORD }), { code: 'LOGIN_FAILED' });
});

t.test('A8: a hash of other parameters is replaced at the next login', async (t) => {
  const w = await world(t);
  await w.signUp('ada');
  const stronger = await w.restart({ hashLimits: { ...HASH_LIMITS, passes: 2 } });
  t.match(w.dump(), '$m=64,t=1,p=1$');
  await stronger.handlers.login({ username: 'ada', password: PASSWORD });
  t.match(w.dump(), '$m=64,t=2,p=1$');
  t.notMatch(w.dump(), '$m=64,t=1,p=1$');
  t.ok(await login(w), 'the other process reads the new one');
});

t.test('A9: five devices, and the list only for the right password', async (t) => {
  const w = await world(t);
  const first = await w.signUp('ada');
  for (let i = 2; i <= 5; i++) await login(w, { deviceName: `device ${i}` });
  await t.rejects(login(w, { password: 'wrong' }), { code: 'LOGIN_FAILED', data: {} });
  await t.rejects(login(w), { code: 'DEVICE_LIMIT', data: { devices: { length: 5 } } });
  const sixth = await login(w, { replaceDeviceId: first.deviceId });
  const { items } = await w.call.devices({ userId: first.userId });
  t.equal(items.length, 5);
  t.notOk(items.some(({ deviceId }) => deviceId === first.deviceId));
  t.ok(items.some(({ deviceId }) => deviceId === sixth.deviceId));
  await t.rejects(w.call.refresh({ refreshToken: first.refreshToken }), { code: 'SESSION_ENDED' });
  t.same(await w.events(first.userId), ['accountCreated', 'deviceRemoved']);
});

t.test('A9: six logins at one time make no sixth device', async (t) => {
  const w = await world(t);
  const { userId } = await w.signUp('ada');
  const other = await w.restart();
  const logins = await Promise.allSettled(
    Array.from({ length: 6 }, (_, i) =>
      (i % 2 ? other : w.accounts).handlers.login({ username: 'ada', password: PASSWORD }),
    ),
  );
  t.equal(logins.filter(({ status }) => status === 'fulfilled').length, 4);
  t.equal((await w.call.devices({ userId })).items.length, 5);
});

t.test('A9: devices of others cannot be named', async (t) => {
  const w = await world(t);
  const eve = await w.signUp('eve');
  await w.signUp('ada');
  const session = await login(w, { deviceId: eve.deviceId });
  t.not(session.deviceId, eve.deviceId);
  await t.rejects(w.call.removeDevice({ userId: session.userId, deviceId: eve.deviceId }), {
    code: 'DEVICE_NOT_FOUND',
  });
});

t.test('A10, A11: logging in again ends the session before; removing the device ends it', async (t) => {
  const w = await world(t);
  const { userId, deviceId, refreshToken } = await w.signUp('ada');
  const again = await login(w, { deviceId });
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
  t.match(await w.call.deviceActive({ userId, deviceId }), { active: true });
  await w.call.removeDevice({ userId, deviceId });
  t.same(await w.call.deviceActive({ userId, deviceId }), { active: false });
  await t.rejects(w.call.refresh({ refreshToken: again.refreshToken }), { code: 'SESSION_ENDED' });
  t.same(await w.events(userId), ['accountCreated', 'deviceRemoved']);
});

t.test('A12, A13: rotation; a token that comes back ends its family', async (t) => {
  const w = await world(t);
  const first = await w.signUp('ada');
  const other = await login(w, { deviceName: 'other' });
  const second = await w.call.refresh({ refreshToken: first.refreshToken });
  t.not(second.refreshToken, first.refreshToken);
  const third = await w.call.refresh({ refreshToken: second.refreshToken });
  await t.rejects(w.call.refresh({ refreshToken: second.refreshToken }), {
    code: 'REFRESH_REUSED',
    status: 401,
  });
  await t.rejects(w.call.refresh({ refreshToken: third.refreshToken }), {
    code: 'SESSION_ENDED',
    status: 401,
  });
  t.same(await w.call.deviceActive({ userId: first.userId, deviceId: first.deviceId }), { active: false });
  t.ok(await w.call.refresh({ refreshToken: other.refreshToken }), 'the other device plays on');
});

t.test('A14: two refreshes of one token at one time, in two processes, get one successor', async (t) => {
  const w = await world(t);
  const { refreshToken } = await w.signUp('ada');
  const other = await w.restart();
  const [a, b] = await Promise.all([
    w.call.refresh({ refreshToken }),
    other.handlers.refresh({ refreshToken }),
  ]);
  t.equal(a.refreshToken, b.refreshToken);
  t.ok(await w.call.refresh({ refreshToken: a.refreshToken }));
});

t.test('A14: a retry by commandId gets the same refresh token; by another one it is a reuse', async (t) => {
  const w = await world(t);
  const { refreshToken } = await w.signUp('ada');
  const lost = await w.call.refresh({ refreshToken, commandId: 'one' });
  w.clock.advance(5000);
  const retried = await w.call.refresh({ refreshToken, commandId: 'one' });
  t.equal(retried.refreshToken, lost.refreshToken);
  await t.rejects(w.call.refresh({ refreshToken, commandId: 'two' }), { code: 'REFRESH_REUSED' });
});

t.test('A15: no token is stored, and none opens anything under another secret or name', async (t) => {
  const w = await world(t);
  const { refreshToken, accessToken, userId } = await w.signUp('ada');
  const [id = '', sessionId = '', generation = '', mac = ''] = refreshToken.split('.');
  t.notMatch(w.dump(), mac);
  t.notMatch(w.dump(), accessToken.split('.')[2] ?? '');
  const eve = await w.signUp('eve');
  for (const forged of [
    'x',
    '...',
    `${id}.${sessionId}.${generation}.`,
    `${id}.${sessionId}.${generation}.${eve.refreshToken.split('.')[3]}`,
    `${id}.${sessionId}.2.${mac}`,
    `${eve.userId}.${sessionId}.${generation}.${mac}`,
    `${refreshToken}x`,
  ]) {
    await t.rejects(w.call.refresh({ refreshToken: forged }), { code: 'SESSION_ENDED' }, forged);
    t.same(await w.call.logout({ refreshToken: forged }), {});
  }
  t.equal((await w.call.refresh({ refreshToken })).userId, userId, 'the session has not suffered');
});

t.test('A16: logging out ends the session at once', async (t) => {
  const w = await world(t);
  const { refreshToken, userId, deviceId } = await w.signUp('ada');
  t.same(await w.call.logout({ refreshToken }), {});
  t.same(await w.call.deviceActive({ userId, deviceId }), { active: false });
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
});

t.test('A18: tokens stay good across the change of keys, in every process', async (t) => {
  const w = await world(t);
  let session = await w.signUp('ada');
  const verify = (token: string, call = w.call) => verifierOf(call, w).verify(token);
  const other = await w.restart();
  const kids = async () => (await w.call.jwks({})).keys.map(({ kid }) => kid);
  const [firstKid] = await kids();

  w.clock.advance(SIGNING_KEY_LIFETIME_MS - SIGNING_KEY_PUBLISHED_AHEAD_MS);
  session = await login(w, { deviceId: session.deviceId });
  t.equal((await kids()).length, 2, 'published ahead');
  w.clock.advance(SIGNING_KEY_PUBLISHED_AHEAD_MS - 1000);
  const late = await w.call.refresh({ refreshToken: session.refreshToken });
  w.clock.advance(1000);
  const fresh = await other.handlers.refresh({ refreshToken: late.refreshToken });
  const kidOf = ({ accessToken }: Session) =>
    JSON.parse(Buffer.from(accessToken.split('.')[0] ?? '', 'base64url').toString()).kid;
  t.equal(kidOf(late), firstKid);
  t.not(kidOf(fresh), firstKid);
  t.equal((await verify(late.accessToken, other.handlers)).sub, session.userId);
  t.equal((await verify(fresh.accessToken)).sub, session.userId);

  w.clock.advance(ACCESS_TOKEN_TTL_MS * 2);
  t.same(await kids(), [kidOf(fresh)]);
  t.notMatch(w.dump(), firstKid as string, 'both halves are gone');
});

t.test('A19: private keys are sealed; another master secret is refused at the start', async (t) => {
  const w = await world(t);
  t.notMatch(w.dump(), /"d":/);
  await t.rejects(w.restart({ masterSecret: 'another secret of thirty-two bytes or more' }), /master secret/);
});

t.test('public keys hold no private part', async (t) => {
  const w = await world(t);
  const { keys } = await w.call.jwks({});
  t.same(Object.keys(keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
});
