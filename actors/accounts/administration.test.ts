// Goal: what administrators do to accounts, as SPEC.md says. Method: the handlers over embedded engines.
import t from 'tap';
import {
  AUDIT_SHOWN_DEFAULT,
  INVITATION_TTL_MS,
  INVITATIONS_MAX,
  NEW_ACCOUNT_CODE_TTL_MS,
  SIGNING_KEY_LIFETIME_MS,
  SIGNING_KEY_PUBLISHED_AHEAD_MS,
} from '../../config/limits.ts';
import { BY, PASSWORD, type World, world } from '../../test/accounts/world.ts';

const NEW_PASSWORD = 'another four words here';
const asAdmin = async (w: World, username: string) => {
  const session = await w.signUp(username);
  await w.call.setRoles({ byUserId: BY, userId: session.userId, roles: ['listener', 'admin'] });
  return session;
};
const codesOf = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code));

t.test('A30: a disabled account is signed out everywhere and stays out until it is enabled', async (t) => {
  const w = await world(t);
  const { userId, deviceId, refreshToken } = await w.signUp('ada');
  const { resetCode } = await w.call.issueResetCode({ byUserId: BY, userId });
  const disabled = await w.call.setDisabled({ byUserId: BY, userId, disabled: true });
  t.match(disabled, { disabledAtMs: w.clock.nowMs(), signedInDevices: 0 });
  t.same(await w.call.deviceActive({ userId, deviceId }), { active: false });
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
  t.same(await w.events(userId), ['accountCreated', 'deviceRemoved']);
  const login = (password: string) => w.call.login({ username: 'ada', password, deviceId });
  await t.rejects(login(PASSWORD), { code: 'ACCOUNT_DISABLED', status: 403 });
  await t.rejects(login('wrong'), { code: 'LOGIN_FAILED' }, 'a stranger learns nothing');
  await t.rejects(w.call.resetPassword({ username: 'ada', resetCode, newPassword: NEW_PASSWORD }), {
    code: 'RESET_CODE_WRONG',
  });

  await w.call.setDisabled({ byUserId: BY, userId, disabled: false });
  t.not((await login(PASSWORD)).deviceId, deviceId, 'a token of the device that was is good for nothing');
});

t.test('A30, A31: who is disabled does not count as an administrator', async (t) => {
  const w = await world(t);
  const [ada, bea] = [await asAdmin(w, 'ada'), await asAdmin(w, 'bea')];
  await w.call.setDisabled({ byUserId: bea.userId, userId: ada.userId, disabled: true });
  const last = { code: 'LAST_ADMIN', status: 409 };
  const { userId } = bea;
  await t.rejects(w.call.setDisabled({ byUserId: BY, userId, disabled: true }), last);
  await t.rejects(w.call.deleteUser({ byUserId: BY, userId }), last);
  await t.rejects(w.call.setRoles({ byUserId: BY, userId, roles: ['listener'] }), last);
  // The role alone, given while disabled, does not make an administrator either.
  await w.call.setRoles({ byUserId: BY, userId: ada.userId, roles: ['admin'] });
  await t.rejects(w.call.setRoles({ byUserId: BY, userId, roles: ['listener'] }), last);
  await w.call.setDisabled({ byUserId: BY, userId: ada.userId, disabled: false });
  t.ok(await w.call.setRoles({ byUserId: BY, userId, roles: ['listener'] }));
});

t.test('A31: two administrators who shut each other out at once leave one', async (t) => {
  const w = await world(t);
  const [ada, bea] = [await asAdmin(w, 'ada'), await asAdmin(w, 'bea')];
  const results = await Promise.allSettled([
    w.call.setDisabled({ byUserId: ada.userId, userId: bea.userId, disabled: true }),
    w.call.deleteUser({ byUserId: bea.userId, userId: ada.userId }),
  ]);
  t.same(codesOf(results).toSorted(), ['LAST_ADMIN', 'ok']);
});

t.test('A17: what the listener is now is told with the device', async (t) => {
  const w = await world(t);
  const { userId, deviceId } = await w.signUp('ada');
  t.same(await w.call.deviceActive({ userId, deviceId }), { active: true, roles: ['listener'] });
  await w.call.setRoles({ byUserId: BY, userId, roles: ['admin'] });
  t.same(await w.call.deviceActive({ userId, deviceId }), { active: true, roles: ['admin'] });
});

t.test('A32: an account made for somebody opens with its code and nothing else', async (t) => {
  const w = await world(t, { openSignUp: false });
  const made = await w.call.createUser({
    byUserId: BY,
    username: 'Grace',
    displayName: 'Grace H.',
    tier: 'premium',
    roles: ['listener', 'artist'],
  });
  t.match(made.user, { username: 'grace', displayName: 'Grace H.', tier: 'premium', signedInDevices: 0 });
  t.equal(made.expiresAtMs, w.clock.nowMs() + NEW_ACCOUNT_CODE_TTL_MS);
  await t.rejects(w.call.createUser({ byUserId: BY, username: 'grace' }), { code: 'USERNAME_TAKEN' });
  await t.rejects(w.call.login({ username: 'grace', password: made.resetCode }), { code: 'LOGIN_FAILED' });
  await w.call.resetPassword({
    username: 'grace',
    resetCode: made.resetCode,
    newPassword: NEW_PASSWORD,
  });
  t.ok(await w.call.login({ username: 'grace', password: NEW_PASSWORD }));
  t.same(await w.events(made.user.userId), ['accountCreated', 'tierChanged']);
});

t.test('an account is deleted by an administrator, and its devices are looked at and removed', async (t) => {
  const w = await world(t);
  const { userId, deviceId, refreshToken } = await w.signUp('ada');
  t.match(await w.call.user({ userId }), {
    user: { signedInDevices: 1, lastSeenAtMs: w.clock.nowMs() },
    devices: [{ deviceId, signedIn: true }],
  });
  await w.call.removeUserDevice({ byUserId: BY, userId, deviceId });
  await t.rejects(w.call.refresh({ refreshToken }), { code: 'SESSION_ENDED' });
  await t.rejects(w.call.removeUserDevice({ byUserId: BY, userId, deviceId }), { code: 'DEVICE_NOT_FOUND' });
  await w.call.deleteUser({ byUserId: BY, userId });
  await t.rejects(w.call.user({ userId }), { code: 'ACCOUNT_NOT_FOUND' });
  t.ok((await w.events(userId)).includes('accountDeleted'));
  t.ok(await w.signUp('ada'), 'the name is free');
});

t.test('A33: each deed is kept with who did it to whom; one that changes nothing is not', async (t) => {
  const w = await world(t);
  const admin = await asAdmin(w, 'root');
  const { userId } = await w.signUp('ada');
  const about = { byUserId: admin.userId, userId };
  await w.call.setTier({ ...about, tier: 'premium' });
  await w.call.setTier({ ...about, tier: 'premium' });
  await w.call.setRoles({ ...about, roles: ['listener'] });
  await w.call.setDisabled({ ...about, disabled: true });
  await w.call.setDisabled({ ...about, disabled: true });
  await w.call.setDisabled({ ...about, disabled: false });
  await w.call.issueResetCode(about);
  await w.call.deleteUser(about);
  const { items, more } = await w.call.audit({});
  const acts = ['deleted', 'resetCodeIssued', 'enabled', 'disabled', 'tierSet', 'rolesSet'];
  t.same(
    items.map(({ act }) => act),
    acts,
    'newest first',
  );
  t.equal(more, false);
  t.same(items[0]?.by, { userId: admin.userId, username: 'root' });
  t.same(items[0]?.about, { userId }, 'whoever is deleted has no name');
  t.match(items[4], { detail: 'premium', atMs: w.clock.nowMs() });
  t.same((await w.call.audit({ limit: 1 })).more, true);
  const stored = await w.deps.journal.read('accounts', 'accounts.audit');
  t.notMatch(JSON.stringify(stored), /ada|root/, 'no name stays behind');
});

t.test('A33: the line of a deed outlives a journal that is away', async (t) => {
  const w = await world(t);
  const { userId, refreshToken } = await w.signUp('ada');
  const { append } = w.deps.journal;
  let isAway = true;
  const journal = new Proxy(w.deps.journal, {
    get: (target, name) =>
      name === 'append'
        ? (...args: Parameters<typeof append>) =>
            isAway ? Promise.reject(new Error('away')) : append.apply(target, args)
        : Reflect.get(target, name, target),
  });
  const { handlers } = await w.restart({ journal });
  await handlers.setTier({ byUserId: BY, userId, tier: 'premium' });
  t.same((await w.call.audit({})).items, []);
  isAway = false;
  await handlers.refresh({ refreshToken });
  t.match((await w.call.audit({})).items, [{ act: 'tierSet', about: { username: 'ada' } }]);
  t.same(await w.events(userId), ['accountCreated', 'tierChanged']);
});

t.test('A34, A35: an invitation opens a closed service, and gives roles and tier', async (t) => {
  const w = await world(t, { openSignUp: false });
  await t.rejects(w.signUp('eve'), { code: 'SIGN_UP_CLOSED' });
  const setupCode = await w.accounts.ensureSetupCode();
  const { userId: byUserId } = await w.signUp('root', { setupCode });
  const made = await w.call.invite({
    byUserId,
    tier: 'premium',
    roles: ['listener', 'artist'],
    note: 'for Bea',
  });
  t.match(made, { state: 'open', createdBy: 'root', usesMax: 1, note: 'for Bea', users: [] });
  const code = made.code as string;
  t.notMatch(w.dump(), code);
  t.same(await w.call.lookAtInvitation({ code }), {
    invitedBy: 'root',
    tier: 'premium',
    expiresAtMs: w.clock.nowMs() + INVITATION_TTL_MS,
  });
  const { userId } = await w.signUp('bea', { invitationCode: code.toLowerCase().replaceAll('-', ' ') });
  t.match(await w.call.me({ userId }), { tier: 'premium', roles: ['listener', 'artist'] });
  t.match(await w.call.me({ userId }), { subscription: { state: 'granted' } });
  const [listed] = (await w.call.invitations({})).items;
  t.match(listed, { state: 'usedUp', users: [{ userId, username: 'bea' }] });
  t.notOk(listed?.code, 'nothing is left to hand out');
  await t.rejects(w.signUp('eve', { invitationCode: code }), {
    code: 'INVITATION_OVER',
    data: { reason: 'usedUp' },
  });
});

t.test('A35: of many who come at once with one invitation as many get in as it has uses', async (t) => {
  const w = await world(t, { openSignUp: false });
  const other = await w.restart();
  const { code } = await w.call.invite({ byUserId: BY, usesMax: 2 });
  const names = ['ann', 'ben', 'cas', 'dee', 'eli', 'fay'];
  const results = await Promise.allSettled(
    names.map((username, i) =>
      (i % 2 === 0 ? w.call : other.handlers).signUp({
        username,
        password: PASSWORD,
        invitationCode: code as string,
      }),
    ),
  );
  t.equal(codesOf(results).filter((result) => result === 'ok').length, 2);
  t.same([...new Set(codesOf(results))].toSorted(), ['INVITATION_OVER', 'ok']);
  t.equal((await w.call.list({})).items.length, 2, 'nobody else has an account');
  const refused = names[codesOf(results).indexOf('INVITATION_OVER')] as string;
  const again = await w.call.invite({ byUserId: BY });
  t.ok(await w.signUp(refused, { invitationCode: again.code }), 'and the name is free');
});

t.test('A35: a wrong, expired or revoked invitation is refused before a password is hashed', async (t) => {
  const hashLimits = { memoryKib: 64, passes: 1, lanes: 1, atOnceMax: 0, waitingMax: 0 };
  const w = await world(t, { openSignUp: false, hashLimits });
  const open = await w.call.invite({ byUserId: BY, ttlMs: 60_000 });
  const revoked = await w.call.invite({ byUserId: BY });
  await w.call.revokeInvitation({ byUserId: BY, invitationId: revoked.invitationId });
  const signUp = (invitationCode = '') => w.signUp('eve', { invitationCode });
  await t.rejects(signUp(open.code), { code: 'BUSY' }, 'a good one gets as far as the hash');
  const over = (reason: string) => ({ code: 'INVITATION_OVER', status: 403, data: { reason } });
  await t.rejects(signUp(revoked.code), over('revoked'));
  await t.rejects(w.call.lookAtInvitation({ code: revoked.code as string }), over('revoked'));
  w.clock.advance(60_000);
  await t.rejects(signUp(open.code), over('expired'));
  for (const wrong of ['', '00000-00000-00000-00000', open.invitationId]) {
    await t.rejects(signUp(wrong), { code: 'INVITATION_WRONG', status: 403 });
  }
  await t.rejects(w.call.revokeInvitation({ byUserId: BY, invitationId: 'x'.repeat(22) }), {
    code: 'INVITATION_NOT_FOUND',
  });
});

t.test('A22, A34: an administrator who came by invitation counts as one', async (t) => {
  const w = await world(t);
  const ada = await asAdmin(w, 'ada');
  const { code } = await w.call.invite({ byUserId: ada.userId, roles: ['listener', 'admin'] });
  await w.signUp('bea', { invitationCode: code });
  t.ok(await w.call.setRoles({ byUserId: ada.userId, userId: ada.userId, roles: ['listener'] }));
  t.equal(await w.accounts.ensureSetupCode(), undefined);
});

t.test('A36: invitations that are over make room; open ones do not', async (t) => {
  const w = await world(t);
  const first = await w.call.invite({ byUserId: BY });
  for (let i = 1; i < INVITATIONS_MAX; i++) {
    w.clock.advance(1);
    await w.call.invite({ byUserId: BY });
  }
  await t.rejects(w.call.invite({ byUserId: BY }), { code: 'INVITATIONS_FULL', status: 409 });
  await w.call.revokeInvitation({ byUserId: BY, invitationId: first.invitationId });
  const { invitationId } = await w.call.invite({ byUserId: BY });
  const { items } = await w.call.invitations({});
  t.equal(items.length, INVITATIONS_MAX);
  t.equal(items[0]?.invitationId, invitationId, 'newest first');
  t.notOk(items.some((item) => item.invitationId === first.invitationId));
});

t.test('A37: a grant of premium is told, and a subscription outlives it', async (t) => {
  const untilMs = Date.UTC(2026, 1, 1);
  const payments = {
    start: async () => ({ paid: true as const, reference: 'r', untilMs }),
    renew: async () => ({ paid: false as const, reason: 'none' }),
  };
  const w = await world(t, { payments });
  const { userId } = await w.signUp('ada');
  const setTier = (tier: 'free' | 'premium') => w.call.setTier({ byUserId: BY, userId, tier });
  t.match(await setTier('premium'), { tier: 'premium', subscription: { state: 'granted' } });
  t.match(await w.call.entitlement({ userId }), { tier: 'premium' });
  t.match(await setTier('free'), { tier: 'free', subscription: { state: 'none' } });
  await setTier('premium');
  await w.call.subscribe({ userId, paymentToken: 'ok' });
  t.match(await setTier('free'), { tier: 'premium', subscription: { state: 'active', untilMs } });
  t.same(await w.events(userId), ['accountCreated', 'tierChanged', 'tierChanged', 'tierChanged']);
});

t.test('A18: a key asked for now is published ahead like any other, and one at a time', async (t) => {
  const w = await world(t);
  const [first] = (await w.call.signingKeys({})).items;
  t.match(first, { state: 'signing', signsUntilMs: w.clock.nowMs() + SIGNING_KEY_LIFETIME_MS });
  const signsFromMs = w.clock.nowMs() + SIGNING_KEY_PUBLISHED_AHEAD_MS;
  const rotated = await w.call.rotateSigningKey({ byUserId: BY });
  t.match(rotated.items, [
    { state: 'next', signsFromMs },
    { kid: first?.kid, state: 'signing', signsUntilMs: signsFromMs },
  ]);
  t.equal((await w.call.rotateSigningKey({ byUserId: BY })).items.length, 2);
  t.equal((await w.call.jwks({})).keys.length, 2);
  w.clock.advance(SIGNING_KEY_PUBLISHED_AHEAD_MS);
  t.match((await w.call.signingKeys({})).items, [{ state: 'signing' }, { state: 'served' }]);
});

t.test('A33: the newest lines are shown unless more are asked for', async (t) => {
  const w = await world(t);
  for (let i = 0; i <= AUDIT_SHOWN_DEFAULT; i++) await w.call.invite({ byUserId: BY });
  const { items, more } = await w.call.audit({});
  t.equal(items.length, AUDIT_SHOWN_DEFAULT);
  t.ok(more);
});
