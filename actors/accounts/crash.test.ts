/**
 * Goal: no crash leaves an account half made, half deleted or half told.
 * Method: each use case runs in a process that dies just before or just after its n-th write, for every n;
 * then another process starts over what was written, and the listener tries again.
 */
import t, { type Test } from 'tap';
import { USERNAME_CLAIM_TTL_MS } from '../../config/limits.ts';
import { testPaymentProvider } from '../../infra/payment/test-provider.ts';
import { BY, PASSWORD, type World, world } from '../../test/accounts/world.ts';
import { mortal } from '../../test/doubles/faults.ts';
import type { Accounts } from './actor.ts';

const WRITES_MAX = 20;

interface Case<Prepared> {
  readonly prepare: (w: World) => Promise<Prepared>;
  readonly work: (call: Accounts['handlers'], prepared: Prepared) => Promise<unknown>;
  readonly check: (t: Test, w: World, after: Accounts, prepared: Prepared) => Promise<void>;
}

async function atEveryWrite<Prepared>(t: Test, { prepare, work, check }: Case<Prepared>): Promise<void> {
  for (let write = 1; write <= WRITES_MAX; write++) {
    for (const moment of ['before', 'after'] as const) {
      const w = await world(t, { payments: testPaymentProvider });
      const prepared = await prepare(w);
      const engines = mortal(w.deps);
      engines.dieAt(write, moment);
      const dying = await w.restart(engines);
      await Promise.race([engines.death, work(dying.handlers, prepared)]).catch(() => undefined);
      if (!engines.isDead()) {
        t.ok(write > 1, `dies at each of ${write - 1} writes`);
        return;
      }
      // As the system does when a process ends: its share of the journal is free for another.
      await dying[Symbol.asyncDispose]();
      const after = await w.restart();
      await t.test(`dies ${moment} write ${write}`, (t) => check(t, w, after, prepared));
    }
  }
  t.fail('more writes than expected');
}

const works = (promise: Promise<unknown>): Promise<boolean> =>
  promise.then(
    () => true,
    () => false,
  );
async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setImmediate(resolve));
}
const credentials = { username: 'adalovelace', password: PASSWORD };

t.test('A4, A29: a sign-up is whole and told, or leaves nothing and the name is free', async (t) => {
  await atEveryWrite(t, {
    prepare: async () => undefined,
    work: (call) => call.signUp({ ...credentials, displayName: 'Countess' }),
    async check(t, w, { handlers }) {
      w.clock.advance(USERNAME_CLAIM_TTL_MS + 1);
      if (await works(handlers.login(credentials))) {
        const { items } = await handlers.list({});
        t.same(await w.events(items[0]?.userId ?? ''), ['accountCreated']);
        return;
      }
      t.notMatch(w.dump(), 'Countess');
      t.ok(await handlers.signUp(credentials));
      t.ok(await handlers.login(credentials));
    },
  });
});

t.test('A27: a deletion is complete after the next start, or was never begun', async (t) => {
  await atEveryWrite(t, {
    async prepare(w) {
      const session = await w.signUp('adalovelace', { displayName: 'Countess' });
      // Only the process that starts after the crash may finish the deletion.
      await w.accounts[Symbol.asyncDispose]();
      return session;
    },
    work: (call, { userId }) => call.deleteMe({ userId, password: PASSWORD }),
    async check(t, w, { handlers }, { userId, refreshToken }) {
      if (!(await w.events(userId)).includes('accountDeleted')) {
        t.ok(await handlers.refresh({ refreshToken }), 'untouched');
        return;
      }
      await until(() => !w.dump().includes(userId));
      t.notMatch(w.dump(), 'Countess');
      t.ok(await handlers.signUp(credentials), 'the name is free');
    },
  });
});

t.test('A22: after the first administrator was begun there is one, or a new code to make one', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.accounts.ensureSetupCode(),
    work: (call, setupCode) => call.signUp({ ...credentials, ...(setupCode && { setupCode }) }),
    async check(t, _w, after) {
      const { items } = await after.handlers.list({});
      const exists = items.some(({ roles }) => roles.includes('admin'));
      const setupCode = await after.ensureSetupCode();
      t.equal(setupCode === undefined, exists);
      if (setupCode !== undefined) {
        t.ok(await after.handlers.signUp({ username: 'root', password: PASSWORD, setupCode }));
      }
    },
  });
});

t.test('A23: handing the role over never leaves the service without an administrator', async (t) => {
  await atEveryWrite(t, {
    async prepare(w) {
      const setupCode = await w.accounts.ensureSetupCode();
      const root = await w.signUp('root', { setupCode });
      return { root, ada: await w.signUp('adalovelace') };
    },
    async work(call, { root, ada }) {
      await call.setRoles({ byUserId: BY, userId: ada.userId, roles: ['admin'] });
      await call.setRoles({ byUserId: BY, userId: root.userId, roles: ['listener'] });
    },
    async check(t, w, { handlers }, { root, ada }) {
      const isAdmin = async (userId: string) => (await handlers.me({ userId })).roles.includes('admin');
      t.ok((await isAdmin(root.userId)) || (await isAdmin(ada.userId)));
      await handlers.setRoles({ byUserId: BY, userId: ada.userId, roles: ['admin'] });
      await handlers.setRoles({ byUserId: BY, userId: root.userId, roles: ['listener'] });
      t.same([await isAdmin(root.userId), await isAdmin(ada.userId)], [false, true], 'said again it is done');
      t.equal(await (await w.restart()).ensureSetupCode(), undefined);
    },
  });
});

t.test('A14: a refresh whose process died is retried by its commandId', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.signUp('adalovelace'),
    work: (call, { refreshToken }) => call.refresh({ refreshToken, commandId: 'one' }),
    async check(t, _w, { handlers }, { refreshToken }) {
      const next = await handlers.refresh({ refreshToken, commandId: 'one' });
      t.ok(await handlers.refresh({ refreshToken: next.refreshToken }));
    },
  });
});

t.test('A26, A29: a tier that changed is told by the next refresh at the latest', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.signUp('adalovelace'),
    work: (call, { userId }) => call.subscribe({ userId, paymentToken: 'ok' }),
    async check(t, w, { handlers }, { userId, refreshToken }) {
      const { tier } = await handlers.entitlement({ userId });
      await handlers.refresh({ refreshToken });
      const told = (await w.events(userId)).filter((type) => type === 'tierChanged');
      t.equal(told.length, tier === 'premium' ? 1 : 0);
    },
  });
});

t.test('A9: a replaced device is told once the change is there', async (t) => {
  await atEveryWrite(t, {
    async prepare(w) {
      const first = await w.signUp('adalovelace');
      for (let i = 0; i < 4; i++) await w.call.login(credentials);
      return first;
    },
    work: (call, { deviceId }) => call.login({ ...credentials, replaceDeviceId: deviceId }),
    async check(t, w, { handlers }, { userId, deviceId }) {
      const retried = await handlers
        .login({ ...credentials, replaceDeviceId: deviceId })
        .catch(() => undefined);
      const { items } = await handlers.devices({ userId });
      t.equal(items.length, 5);
      if (!retried) {
        // The first try took the place and its answer was lost: the list tells, and the listener chooses.
        await t.rejects(handlers.login(credentials), { code: 'DEVICE_LIMIT' });
        await handlers.updateMe({ userId, displayName: 'told' });
      }
      t.same(await w.events(userId), ['accountCreated', 'deviceRemoved']);
    },
  });
});

t.test('A29: a journal that is away fails no login, and is told later', async (t) => {
  const w = await world(t);
  const away = await w.restart({
    journal: {
      ...w.deps.journal,
      append: async () => {
        throw new Error('away');
      },
    },
  });
  const { userId, refreshToken } = await away.handlers.signUp(credentials);
  t.same(await w.events(userId), []);
  await w.call.refresh({ refreshToken });
  t.same(await w.events(userId), ['accountCreated']);
  await t.rejects(away.handlers.deleteMe({ userId, password: PASSWORD }), /away/, 'a deletion says so');
  t.ok(await w.call.login(credentials), 'and has not begun');
});
