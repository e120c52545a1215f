import t from 'tap';
import {
  DAY_MS,
  LOGIN_FAILURES_FREE,
  MINUTE_MS,
  PAYMENT_GRACE_MS,
  PAYMENT_RETRY_EVERY_MS,
  RESET_CODE_TTL_MS,
  SETUP_CODE_SHARED_MS,
} from '../../config/limits.ts';
import { testPaymentProvider } from '../../infra/payment/test-provider.ts';
import { validatorOf } from '../../kit/validate.ts';
import { BY, PASSWORD, world } from '../../test/accounts/world.ts';
import { Profile } from './contract.ts';

const NEW_PASSWORD = 'another four words here';

t.test('the profile is what the contract says, and what is left out of a change stays', async (t) => {
  const w = await world(t);
  const { userId } = await w.signUp('Ada');
  const before = await w.call.me({ userId });
  t.ok(validatorOf(Profile).Check(before));
  t.match(before, { username: 'ada', displayName: 'Ada', country: 'SE', roles: ['listener'], tier: 'free' });
  const after = await w.call.updateMe({ userId, displayName: ' Ada L. ', preferences: { crossfadeMs: 500 } });
  t.strictSame(after, {
    ...before,
    displayName: 'Ada L.',
    preferences: { ...before.preferences, crossfadeMs: 500 },
  });
  await w.call.updateMe({ userId, country: 'NO', preferences: { explicit: false, quality: 'high' } });
  t.strictSame(await w.call.entitlement({ userId }), {
    tier: 'free',
    country: 'NO',
    explicit: false,
    quality: 'high',
  });
});

t.test('an unknown account is not found, and none of its devices is active', async (t) => {
  const w = await world(t);
  const userId = 'x'.repeat(22);
  await t.rejects(w.call.me({ userId }), { code: 'ACCOUNT_NOT_FOUND', status: 404 });
  await t.rejects(w.call.entitlement({ userId }), { code: 'ACCOUNT_NOT_FOUND' });
  t.same(await w.call.deviceActive({ userId, deviceId: userId }), { active: false });
});

t.test('a device is renamed', async (t) => {
  const w = await world(t);
  const { userId, deviceId } = await w.signUp('ada');
  t.match(await w.call.renameDevice({ userId, deviceId, name: 'kitchen' }), { deviceId, name: 'kitchen' });
  t.match(await w.call.devices({ userId }), { items: [{ deviceId, name: 'kitchen' }] });
});

t.test('A20: a change of password ends all other sessions', async (t) => {
  const w = await world(t);
  const { userId, deviceId, refreshToken } = await w.signUp('ada');
  const other = await w.call.login({ username: 'ada', password: PASSWORD });
  const change = (currentPassword: string, newPassword: string) =>
    w.call.changePassword({ userId, deviceId, currentPassword, newPassword });
  await t.rejects(change('wrong', NEW_PASSWORD), { code: 'WRONG_PASSWORD', status: 403 });
  await t.rejects(change(PASSWORD, 'password123'), { code: 'PASSWORD_COMMON' });
  await change(PASSWORD, NEW_PASSWORD);
  await t.rejects(w.call.refresh({ refreshToken: other.refreshToken }), { code: 'SESSION_ENDED' });
  t.ok(await w.call.refresh({ refreshToken }));
  await t.rejects(w.call.login({ username: 'ada', password: PASSWORD }), { code: 'LOGIN_FAILED' });
  t.ok(await w.call.login({ username: 'ada', password: NEW_PASSWORD }));
});

t.test('A20: guessing the current password is slowed down as well', async (t) => {
  const w = await world(t);
  const { userId } = await w.signUp('ada');
  for (let i = 0; i <= LOGIN_FAILURES_FREE; i++) {
    await t.rejects(w.call.deleteMe({ userId, password: 'wrong' }), { code: 'WRONG_PASSWORD' });
  }
  await t.rejects(w.call.deleteMe({ userId, password: PASSWORD }), { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('A21: a reset code sets a password once, within its time, and ends every session', async (t) => {
  const w = await world(t);
  const { userId, refreshToken } = await w.signUp('ada');
  const { resetCode, expiresAtMs } = await w.call.issueResetCode({ byUserId: BY, userId });
  t.equal(expiresAtMs, w.clock.nowMs() + RESET_CODE_TTL_MS);
  t.notMatch(w.dump(), resetCode);
  const reset = (code: string, username = 'Ada') =>
    w.call.resetPassword({ username, resetCode: code, newPassword: NEW_PASSWORD });
  const refusal = { code: 'RESET_CODE_WRONG', status: 403 };
  await t.rejects(reset('00000-00000-00000-00000'), refusal);
  await t.rejects(reset(resetCode, 'nobody'), refusal);
  await reset(resetCode.toLowerCase().replaceAll('-', ' '));
  await t.rejects(reset(resetCode), refusal, 'used');
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
  t.ok(await w.call.login({ username: 'ada', password: NEW_PASSWORD }));

  const late = await w.call.issueResetCode({ byUserId: BY, userId });
  w.clock.advance(RESET_CODE_TTL_MS);
  await t.rejects(reset(late.resetCode), refusal, 'expired');
});

t.test('A21: guessing a reset code is slowed down', async (t) => {
  const w = await world(t);
  const { userId } = await w.signUp('ada');
  const { resetCode } = await w.call.issueResetCode({ byUserId: BY, userId });
  const reset = (code: string) =>
    w.call.resetPassword({ username: 'ada', resetCode: code, newPassword: NEW_PASSWORD });
  for (let i = 0; i <= LOGIN_FAILURES_FREE; i++) await t.rejects(reset('x'), { code: 'RESET_CODE_WRONG' });
  await t.rejects(reset(resetCode), { code: 'TOO_MANY_ATTEMPTS' });
});

t.test('A22: each start has a new setup code; it makes one administrator, once', async (t) => {
  const w = await world(t);
  const first = await w.accounts.ensureSetupCode();
  w.clock.advance(SETUP_CODE_SHARED_MS);
  const code = await w.accounts.ensureSetupCode();
  t.match(code, /^([0-9A-Z]{5}-){3}[0-9A-Z]{5}$/);
  t.notMatch(w.dump(), code as string);
  const wrong = { code: 'SETUP_CODE_WRONG', status: 403 };
  await t.rejects(w.signUp('ada', { setupCode: first }), wrong, 'the one before is void');
  await t.rejects(w.signUp('ada', { setupCode: '' }), wrong);

  const both = await Promise.allSettled([
    w.signUp('ada', { setupCode: code }),
    w.signUp('eve', { setupCode: code }),
  ]);
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const { items } = await w.call.list({});
  t.match(items, [{ roles: ['listener', 'admin'] }], 'the other account was not made');
  await t.rejects(w.signUp('mallory', { setupCode: code }), wrong);
  t.equal(await w.accounts.ensureSetupCode(), undefined);
  t.equal(await (await w.restart()).ensureSetupCode(), undefined);
  t.ok(await w.signUp(items[0]?.username === 'ada' ? 'eve' : 'ada'), 'the name of the loser is free');
});

t.test('A22: nodes that start together print the same code, and it works', async (t) => {
  const w = await world(t);
  const nodes = [w.accounts, await w.restart(), await w.restart()];
  const codes = await Promise.all(nodes.map((node) => node.ensureSetupCode()));
  t.equal(new Set(codes).size, 1);
  t.ok(await w.signUp('ada', { setupCode: codes[0] }));
  t.same(await Promise.all(nodes.map((node) => node.ensureSetupCode())), [undefined, undefined, undefined]);
});

t.test('A22: a name that is taken does not use the code up', async (t) => {
  const w = await world(t);
  const setupCode = await w.accounts.ensureSetupCode();
  await w.signUp('ada');
  await t.rejects(w.signUp('ada', { setupCode }), { code: 'USERNAME_TAKEN' });
  t.ok(await w.signUp('root', { setupCode }));
});

t.test('A23: the last administrator keeps role and account until there is another', async (t) => {
  const w = await world(t);
  const setupCode = await w.accounts.ensureSetupCode();
  const root = await w.signUp('root', { setupCode });
  const ada = await w.signUp('ada');
  const last = { code: 'LAST_ADMIN', status: 409 };
  await t.rejects(w.call.setRoles({ byUserId: BY, userId: root.userId, roles: ['listener'] }), last);
  await t.rejects(w.call.deleteMe({ userId: root.userId, password: PASSWORD }), last);
  t.match(await w.call.me({ userId: root.userId }), { roles: ['listener', 'admin'] });

  t.match(await w.call.setRoles({ byUserId: BY, userId: ada.userId, roles: ['admin', 'label', 'admin'] }), {
    roles: ['admin', 'label'],
  });
  await w.call.setRoles({ byUserId: BY, userId: root.userId, roles: ['listener'] });
  await t.rejects(w.call.setRoles({ byUserId: BY, userId: ada.userId, roles: ['listener'] }), last);
  await w.call.deleteMe({ userId: root.userId, password: PASSWORD });
  await t.rejects(w.call.setRoles({ byUserId: BY, userId: root.userId, roles: ['admin'] }), {
    code: 'ACCOUNT_NOT_FOUND',
  });
});

t.test('A24, A26: premium is paid, told, cancelled and taken up again', async (t) => {
  let charges = 0;
  const w = await world(t, {
    payments: {
      ...testPaymentProvider,
      start(...args) {
        charges++;
        return testPaymentProvider.start(...args);
      },
    },
  });
  const { userId, refreshToken } = await w.signUp('ada');
  await t.rejects(w.call.subscribe({ userId, paymentToken: 'declined' }), {
    code: 'PAYMENT_DECLINED',
    status: 403,
  });
  const untilMs = w.clock.nowMs() + 30 * DAY_MS;
  const active = { tier: 'premium', state: 'active', untilMs };
  t.strictSame(await w.call.subscribe({ userId, paymentToken: 'ok' }), active);
  t.strictSame(await w.call.subscribe({ userId, paymentToken: 'ok' }), active, 'nothing twice');
  t.match(await w.call.entitlement({ userId }), { tier: 'premium' });
  t.strictSame(await w.call.unsubscribe({ userId }), { ...active, state: 'cancelled' });
  t.strictSame(await w.call.subscribe({ userId, paymentToken: 'ok' }), active);
  t.equal(charges, 2, 'the refused one and the paid one');
  await w.call.unsubscribe({ userId });
  t.same(await w.events(userId), ['accountCreated', 'tierChanged']);

  w.clock.advance(30 * DAY_MS - MINUTE_MS);
  const session = await w.call.login({ username: 'ada', password: PASSWORD });
  w.clock.advance(MINUTE_MS);
  t.match(await w.call.entitlement({ userId }), { tier: 'free' }, 'holds at once');
  t.equal((await w.events(userId)).length, 2);
  await w.call.refresh({ refreshToken: session.refreshToken });
  t.same(await w.events(userId), ['accountCreated', 'tierChanged', 'tierChanged']);
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
});

t.test('A25: the next period is asked for when due, and after a refusal once a day', async (t) => {
  let renewals = 0;
  const answers = { paid: false, away: false };
  const w = await world(t, {
    payments: {
      ...testPaymentProvider,
      async renew(_reference, dueAtMs) {
        renewals++;
        if (answers.away) throw new Error('away');
        return answers.paid
          ? { paid: true, reference: 'r', untilMs: dueAtMs + 30 * DAY_MS }
          : { paid: false, reason: 'empty' };
      },
    },
  });
  let session = await w.signUp('ada');
  const { userId } = session;
  const refresh = async () => {
    session = await w.call.refresh({ refreshToken: session.refreshToken });
    return w.call.me({ userId });
  };
  await w.call.subscribe({ userId, paymentToken: 'ok' });
  await refresh();
  t.equal(renewals, 0, 'not before it is due');
  w.clock.advance(29 * DAY_MS);
  await refresh();
  w.clock.advance(DAY_MS);
  t.match(await refresh(), { tier: 'premium', subscription: { state: 'pastDue' } });
  await refresh();
  t.equal(renewals, 1);
  answers.away = true;
  w.clock.advance(PAYMENT_RETRY_EVERY_MS);
  t.match(await refresh(), { tier: 'premium' }, 'a provider that is away costs nothing');
  Object.assign(answers, { away: false, paid: true });
  t.match(await refresh(), { subscription: { state: 'active' } });
  t.equal(renewals, 3);
});

t.test('A24: when the grace is over premium ends', async (t) => {
  const w = await world(t, { payments: testPaymentProvider });
  let session = await w.signUp('ada');
  const { userId } = session;
  await w.call.subscribe({ userId, paymentToken: 'expires-soon' });
  w.clock.advance(MINUTE_MS);
  session = await w.call.refresh({ refreshToken: session.refreshToken });
  t.match(await w.call.me({ userId }), { tier: 'premium', subscription: { state: 'pastDue' } });
  w.clock.advance(PAYMENT_GRACE_MS);
  session = await w.call.refresh({ refreshToken: session.refreshToken });
  t.match(await w.call.me({ userId }), { tier: 'free', subscription: { state: 'none' } });
  t.same(await w.events(userId), ['accountCreated', 'tierChanged', 'tierChanged']);
});

t.test('A27, A28: deletion leaves no personal data and frees the name', async (t) => {
  const w = await world(t);
  const { userId, refreshToken, deviceId } = await w.signUp('adalovelace', { displayName: 'Countess' });
  await t.rejects(w.call.deleteMe({ userId, password: 'wrong' }), { code: 'WRONG_PASSWORD' });
  await w.call.deleteMe({ userId, password: PASSWORD });
  const told = await w.deps.journal.read('accounts', `accounts.${userId}`);
  const left = w.dump() + JSON.stringify(told);
  for (const personal of ['adalovelace', 'Countess', deviceId, 'argon2id']) t.notMatch(left, personal);
  t.notMatch(w.dump(), userId);
  t.same(await w.events(userId), ['accountCreated', 'accountDeleted']);
  await t.rejects(w.call.me({ userId }), { code: 'ACCOUNT_NOT_FOUND' });
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
  const { userId: next } = await w.signUp('adalovelace');
  t.not(next, userId);
});

t.test('the list is by username, in pages, and ends', async (t) => {
  const w = await world(t);
  const names = ['zoe', 'ada', 'bob', '7of9', 'adam', 'ada-2', 'eve'];
  for (const name of names) await w.signUp(name);
  const gone = await w.signUp('bobby');
  await w.call.deleteMe({ userId: gone.userId, password: PASSWORD });
  for (const limit of [1, 2, 3, 7, 100]) {
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await w.call.list({ limit, ...(cursor && { cursor }) });
      t.ok(page.items.length > 0, 'no page is empty');
      listed.push(...page.items.map(({ username }) => username));
      cursor = page.nextCursor;
    } while (cursor);
    t.same(listed, [...names].sort(), `in pages of ${limit}`);
  }
  const named = async (prefix: string) =>
    (await w.call.list({ prefix })).items.map(({ username }) => username);
  t.same(await named('ada'), ['ada', 'ada-2', 'adam']);
  t.same(await named('ADAM'), ['adam']);
  t.same(await named('7'), ['7of9']);
  t.same(await named('bobb'), []);
  const page = await w.call.list({ prefix: 'ada', limit: 2 });
  t.same(
    (await w.call.list({ prefix: 'ada', cursor: page.nextCursor as string })).items.map(
      (user) => user.username,
    ),
    ['adam'],
  );
  await t.rejects(w.call.list({ prefix: 'ada', cursor: 'bob' }), { code: 'BAD_CURSOR' });
  await t.rejects(w.call.list({ cursor: 'Ü' }), { code: 'BAD_CURSOR', status: 400 });
});
