import t from 'tap';
import { withCall } from '../../kit/call-context.ts';
import { HASH_LIMITS } from '../../test/accounts/world.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { createPasswordHasher } from './passwords.ts';

t.test('A2: a hash knows its password in either Unicode form, and no other', async (t) => {
  const hasher = createPasswordHasher(manualClock(), HASH_LIMITS);
  const phc = await hasher.hash('smörgåsbord ﬁne');
  t.match(phc, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
  t.not(await hasher.hash('smörgåsbord ﬁne'), phc, 'salted');
  t.equal(await hasher.verify('smörgåsbord ﬁne'.normalize('NFD'), phc), true);
  t.equal(await hasher.verify('smorgasbord fine', phc), false);
  t.equal(await hasher.verify('smörgåsbord ﬁne', undefined), false);
});

t.test('A2: the published test vector of argon2id is understood', async (t) => {
  // github.com/P-H-C/phc-winner-argon2, src/test.c: password "password", salt "somesalt".
  const phc = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  const hasher = createPasswordHasher(manualClock(), HASH_LIMITS);
  t.equal(await hasher.verify('password', phc), true);
  t.equal(hasher.isOutdated(phc), true);
});

t.test(
  'A7: a bounded number hash at once, a bounded number wait, the rest are told to come back',
  async (t) => {
    const hasher = createPasswordHasher(manualClock(), { ...HASH_LIMITS, atOnceMax: 2, waitingMax: 3 });
    let running = 0;
    let runningMax = 0;
    const mayTry = async () => {
      running++;
      runningMax = Math.max(runningMax, running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, () => hasher.verify('x', undefined, mayTry)),
    );
    t.equal(runningMax, 2);
    t.equal(all.filter(({ status }) => status === 'fulfilled').length, 5);
    t.match(
      all.filter((result) => result.status === 'rejected').map(({ reason }) => reason.code),
      ['BUSY', 'BUSY', 'BUSY'],
    );
    t.ok(await hasher.hash('free again'));
  },
);

t.test('A7: a turn is given on when the work before it fails', async (t) => {
  const hasher = createPasswordHasher(manualClock(), { ...HASH_LIMITS, atOnceMax: 1 });
  const refused = async () => {
    throw new Error('refused');
  };
  const [first, second] = await Promise.allSettled([
    hasher.verify('x', undefined, refused),
    hasher.verify('x', undefined),
  ]);
  t.equal(first.status, 'rejected');
  t.match(second, { status: 'fulfilled', value: false });
});

t.test('A7: nothing is hashed for a caller whose deadline has passed', async (t) => {
  const clock = manualClock();
  const hasher = createPasswordHasher(clock, HASH_LIMITS);
  const late = { deadlineMs: clock.nowMs() - 1 };
  await t.rejects(
    withCall(late, () => hasher.hash('x')),
    { code: 'DEADLINE_EXCEEDED' },
  );
});
