/**
 * Goal: a conditional write of which the engine cannot tell whether it was done is done once, and told once.
 * Method: each use case runs with its n-th conditional write so, done or not, for every n.
 */
import t, { type Test } from 'tap';
import { SIGNING_KEYS_RELOAD_MS, USERNAME_CLAIM_TTL_MS } from '../../config/limits.ts';
import { testPaymentProvider } from '../../infra/payment/test-provider.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { systemSources } from '../../kit/sources.ts';
import { BY, PASSWORD, type World, world } from '../../test/accounts/world.ts';
import { openLmdb } from '../../test/contract-suites/harness.ts';
import { answeringUnknown, slowAt } from '../../test/doubles/faults.ts';
import type { Accounts } from './actor.ts';
import { openKeyRing } from './signing-keys.ts';
import { ACCOUNTS, SIGNING_KEYS, USERNAME_CLAIMS } from './tables.ts';

const WRITES_MAX = 20;

interface Case<Prepared> {
  readonly prepare: (w: World) => Promise<Prepared>;
  readonly work: (unsure: Accounts, prepared: Prepared, w: World) => Promise<unknown>;
}

/** What the work answers and leaves must be what `check` says, whichever write was in doubt. */
async function atEveryWrite<Prepared>(t: Test, { prepare, work }: Case<Prepared>): Promise<void> {
  for (let doubted = 1; doubted <= WRITES_MAX; doubted++) {
    let writes = 0;
    for (const fate of ['done', 'not done'] as const) {
      await t.test(`write ${doubted} is ${fate}`, async (t) => {
        const w = await world(t, { payments: testPaymentProvider });
        const prepared = await prepare(w);
        writes = 0;
        let counting = false;
        const tables = answeringUnknown(w.deps.tables, () => {
          if (!counting) return undefined;
          writes += 1;
          return writes === doubted ? fate : undefined;
        });
        const unsure = await w.restart({ tables });
        counting = true;
        await work(unsure, prepared, w);
      });
    }
    if (writes < doubted) {
      t.ok(doubted > 1, `every one of ${writes} writes was in doubt`);
      return;
    }
  }
  t.fail('more writes than expected');
}

const credentials = { username: 'adalovelace', password: PASSWORD };
const nothing = async () => undefined;

t.test('a sign-up makes one account with one device', async (t) => {
  await atEveryWrite(t, {
    prepare: nothing,
    async work({ handlers }, _, w) {
      const { userId } = await handlers.signUp(credentials);
      t.match(await handlers.devices({ userId }), { items: [{}] });
      t.equal((await handlers.login(credentials)).userId, userId);
      t.same(await w.events(userId), ['accountCreated']);
    },
  });
});

t.test('a name whose holder broke off is taken over', async (t) => {
  await atEveryWrite(t, {
    async prepare(w) {
      await w.deps.tables.open(USERNAME_CLAIMS).insertIfAbsent('adalovelace', [], {
        userId: 'nobody',
        claimedAtMs: w.clock.nowMs(),
      });
      w.clock.advance(USERNAME_CLAIM_TTL_MS + 1);
    },
    work: async ({ handlers }) => t.ok(await handlers.signUp(credentials)),
  });
});

t.test('a login registers one device', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.signUp('adalovelace'),
    async work({ handlers }, { userId }) {
      const { deviceId } = await handlers.login(credentials);
      const { items } = await handlers.devices({ userId });
      t.equal(items.length, 2);
      t.ok(items.some((device) => device.deviceId === deviceId));
    },
  });
});

t.test('a refresh is no reuse of its own token', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.signUp('adalovelace'),
    async work({ handlers }, { refreshToken }) {
      const next = await handlers.refresh({ refreshToken });
      t.ok(await handlers.refresh({ refreshToken: next.refreshToken }));
    },
  });
});

t.test('a device is removed and told of once', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.signUp('adalovelace'),
    async work({ handlers }, { userId, deviceId }, w) {
      await handlers.removeDevice({ userId, deviceId });
      t.same(await w.events(userId), ['accountCreated', 'deviceRemoved']);
    },
  });
});

t.test('premium is paid for and told of once', async (t) => {
  await atEveryWrite(t, {
    prepare: (w) => w.signUp('adalovelace'),
    async work({ handlers }, { userId }, w) {
      t.match(await handlers.subscribe({ userId, paymentToken: 'ok' }), { state: 'active' });
      t.same(await w.events(userId), ['accountCreated', 'tierChanged']);
    },
  });
});

t.test('an account is deleted, and its name is free', async (t) => {
  await atEveryWrite(t, {
    async prepare(w) {
      const session = await w.signUp('adalovelace');
      await w.accounts[Symbol.asyncDispose]();
      return session;
    },
    async work({ handlers }, { userId }, w) {
      await handlers.deleteMe({ userId, password: PASSWORD });
      t.notMatch(w.dump(), userId);
      t.ok(await handlers.signUp(credentials));
    },
  });
});

t.test('the setup code makes one administrator, and the role is handed over', async (t) => {
  await atEveryWrite(t, {
    prepare: nothing,
    async work(unsure) {
      const setupCode = await unsure.ensureSetupCode();
      const { handlers } = unsure;
      const root = await handlers.signUp({
        username: 'root',
        password: PASSWORD,
        ...(setupCode && { setupCode }),
      });
      t.equal(await unsure.ensureSetupCode(), undefined);
      const ada = await handlers.signUp(credentials);
      await handlers.setRoles({ byUserId: BY, userId: ada.userId, roles: ['admin'] });
      await handlers.setRoles({ byUserId: BY, userId: root.userId, roles: ['listener'] });
      await t.rejects(handlers.setRoles({ byUserId: BY, userId: ada.userId, roles: ['listener'] }), {
        code: 'LAST_ADMIN',
      });
    },
  });
});

t.test('nodes that start at once over nothing sign with one key, also when in doubt', async (t) => {
  for (const fate of ['done', 'not done'] as const) {
    await using lmdb = await openLmdb();
    const doubtful = () => answeringUnknown(lmdb.tables, (write) => (write === 1 ? fate : undefined));
    const rings = await Promise.all(
      [doubtful(), lmdb.tables, doubtful()].map((tables) =>
        openKeyRing(tables.open(SIGNING_KEYS), 'a master secret of thirty-two bytes or more', {
          ...systemSources,
          clock: lmdb.clock,
        }),
      ),
    );
    const kids = await Promise.all(rings.map(async (ring) => (await ring.signingKey()).kid));
    t.equal(new Set(kids).size, 1, fate);
  }
});

t.test('keys that are known go on while the tables are away', async (t) => {
  await using lmdb = await openLmdb();
  const rows = lmdb.tables.open(SIGNING_KEYS);
  let away = false;
  const scan: typeof rows.scan = (...args) =>
    away ? Promise.reject(new UnavailableError('AWAY', 'Try again.')) : rows.scan(...args);
  const sources = { ...systemSources, clock: lmdb.clock };
  const ring = await openKeyRing({ ...rows, scan }, 'a master secret of thirty-two bytes or more', sources);
  const known = await ring.publicJwks();
  away = true;
  lmdb.clock.advance(SIGNING_KEYS_RELOAD_MS + 1);
  t.same(await ring.publicJwks(), known);
  t.equal((await ring.signingKey()).kid, known[0]?.kid);
});

t.test('a process that was stopped between claim and account does not take a name back', async (t) => {
  const w = await world(t);
  const { tables, reached, pass } = slowAt(w.deps.tables, ACCOUNTS.name, 'insertIfAbsent');
  const stopped = await w.restart({ tables });
  const late = stopped.handlers.signUp(credentials);
  await reached;
  w.clock.advance(USERNAME_CLAIM_TTL_MS + 1);
  const { userId } = await w.signUp('adalovelace');
  pass();
  await t.rejects(late, { code: 'USERNAME_TAKEN' });
  t.equal((await w.call.login(credentials)).userId, userId);
  t.equal((await w.call.list({})).items.length, 1);
});
