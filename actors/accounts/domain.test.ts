import fc from 'fast-check';
import t from 'tap';
import {
  DEVICES_MAX,
  REFRESH_RETRY_WINDOW_MS,
  REFRESH_TOKEN_TTL_MS,
  SESSION_AGE_MS_MAX,
} from '../../config/limits.ts';
import {
  type Account,
  asToday,
  newAccount,
  type Rotation,
  rotate,
  type SessionState,
  type SignIn,
  signIn,
} from './domain.ts';
import { passwordRejection } from './domain-password.ts';

const START_MS = 1_000_000;

const blank = newAccount({
  userId: 'u',
  username: 'ada',
  displayName: 'Ada',
  country: 'SE',
  roles: ['listener'],
  passwordHash: 'h',
  createdAtMs: START_MS,
});

const onDevice = (n: number, more: Partial<SignIn> = {}): SignIn => ({
  deviceId: undefined,
  newDeviceId: `d${n}`,
  deviceName: `device ${n}`,
  replaceDeviceId: undefined,
  sessionId: `s${n}`,
  ...more,
});

function signedIn(account: Account, request: SignIn, nowMs = START_MS): Account {
  const change = signIn(account, request, nowMs);
  if (!change.accepted) throw change.rejection;
  return change.account;
}

const full = (): Account =>
  Array.from({ length: DEVICES_MAX }, (_, i) => i).reduce(
    (account, n) => signedIn(account, onDevice(n), START_MS + n),
    blank,
  );

const idsOf = (account: Account) => account.devices.map(({ deviceId }) => deviceId);

t.test('A9: the sixth signed-in device is refused with the list', async (t) => {
  const change = signIn(full(), onDevice(9), START_MS + 100);
  t.match(change, { accepted: false, rejection: { code: 'DEVICE_LIMIT', status: 403 } });
  if (change.accepted) return;
  const { devices } = change.rejection.data as { devices: object[] };
  t.equal(devices.length, DEVICES_MAX);
  t.strictSame(devices[0], {
    deviceId: 'd0',
    name: 'device 0',
    createdAtMs: START_MS,
    lastSeenAtMs: START_MS,
  });
});

t.test('A9: a device chosen for it makes room, and its going is told', async (t) => {
  const change = signIn(full(), onDevice(9, { replaceDeviceId: 'd3' }), START_MS + 100);
  t.match(change, { accepted: true, events: [{ type: 'deviceRemoved', deviceId: 'd3' }] });
  if (change.accepted) t.same(idsOf(change.account), ['d0', 'd1', 'd2', 'd4', 'd9']);
});

t.test('A9: a device that is signed out makes room by itself, longest unseen first', async (t) => {
  const account = full();
  const devices = account.devices.map((device) =>
    device.deviceId === 'd1' || device.deviceId === 'd2' ? { ...device, session: null } : device,
  );
  t.same(idsOf(signedIn({ ...account, devices }, onDevice(9), START_MS + 9)), ['d0', 'd2', 'd3', 'd4', 'd9']);
});

t.test('A9: so does one whose refresh token has expired', async (t) => {
  const laterMs = START_MS + 1 + REFRESH_TOKEN_TTL_MS;
  t.same(idsOf(signedIn(full(), onDevice(9), laterMs)), ['d1', 'd2', 'd3', 'd4', 'd9']);
});

t.test('A10: a known device keeps its place and gets a new session', async (t) => {
  const again = signedIn(full(), onDevice(9, { deviceId: 'd2', deviceName: undefined }), START_MS + 50);
  t.equal(again.devices.length, DEVICES_MAX);
  t.match(again.devices[2], {
    deviceId: 'd2',
    name: 'device 2',
    session: { sessionId: 's9', generation: 1 },
  });
});

const session = (account: Account): SessionState | null | undefined => account.devices[0]?.session;

function rotated(account: Account, request: Partial<Rotation>, nowMs = START_MS) {
  const change = rotate(
    account,
    { sessionId: 's0', generation: 1, commandId: undefined, overtaken: false, ...request },
    nowMs,
  );
  if (!change.accepted) throw change.rejection;
  return { account: change.account, reply: change.reply };
}

t.test('A13: an older generation ends the session', async (t) => {
  const once = rotated(signedIn(blank, onDevice(0)), {}).account;
  const { account, reply } = rotated(once, {});
  t.same(reply, { s: 'reused' });
  t.equal(session(account), null);
  t.same(rotated(account, { generation: 2 }).reply, { s: 'ended' }, 'the newest token is dead as well');
});

t.test('A14: overtaken while under way: the one successor again', async (t) => {
  const once = rotated(signedIn(blank, onDevice(0)), {}).account;
  const { account, reply } = rotated(once, { overtaken: true });
  t.match(reply, { s: 'live', session: { generation: 2 } });
  t.equal(account, once, 'nothing changes');
});

t.test('A14: a retry by its commandId, within the window and of the last generation only', async (t) => {
  const once = rotated(signedIn(blank, onDevice(0)), { commandId: 'c' }).account;
  const endMs = START_MS + REFRESH_RETRY_WINDOW_MS;
  t.match(rotated(once, { commandId: 'c' }, endMs).reply, { s: 'live', session: { generation: 2 } });
  t.same(rotated(once, { commandId: 'c' }, endMs + 1).reply, { s: 'reused' });
  t.same(rotated(once, { commandId: 'other' }).reply, { s: 'reused' });
  const twice = rotated(once, { generation: 2, commandId: 'c' }).account;
  t.same(rotated(twice, { generation: 1, commandId: 'c' }).reply, { s: 'reused' });
});

t.test('A12: each refresh prolongs the session, up to its greatest age', async (t) => {
  let account = signedIn(blank, onDevice(0));
  let nowMs = START_MS;
  let generation = 1;
  while (nowMs < START_MS + SESSION_AGE_MS_MAX - REFRESH_TOKEN_TTL_MS) {
    nowMs += REFRESH_TOKEN_TTL_MS - 1;
    const next = rotated(account, { generation: generation++ }, nowMs);
    t.equal(next.reply.s, 'live');
    account = next.account;
  }
  t.equal(session(account)?.expiresAtMs, START_MS + SESSION_AGE_MS_MAX);
  t.same(rotated(account, { generation }, START_MS + SESSION_AGE_MS_MAX).reply, { s: 'ended' });
});

/** Goal: A13 and A14 for any order of honest and stolen tokens. Method: replay random generations. */
t.test('A13: whatever is presented, the chain never forks and no old token revives a session', async () => {
  const step = fc.record({ back: fc.nat(3), retry: fc.boolean(), overtaken: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let account = signedIn(blank, onDevice(0));
      let newest = 1;
      for (const { back, retry, overtaken } of steps) {
        const generation = Math.max(1, newest - back);
        const { account: after, reply } = rotated(account, {
          generation,
          commandId: retry ? 'c' : undefined,
          overtaken,
        });
        if (session(account) === null && reply.s !== 'ended') return false;
        if (reply.s === 'live') {
          if (reply.session.generation !== generation + 1) return false;
          newest = Math.max(newest, reply.session.generation);
        }
        if (generation < newest - 1 && reply.s === 'live') return false;
        account = after;
      }
      return true;
    }),
  );
});

t.test('A2: common passwords and those with the name are refused, others pass', async (t) => {
  for (const bad of ['1234567890', 'QwertyUiop', 'password123', 'aaaaaaaaaaaa', 'ababababab']) {
    t.match(passwordRejection(bad, 'somebody'), { code: 'PASSWORD_COMMON', status: 400 }, bad);
  }
  t.match(passwordRejection('i am Adalove 7', 'adalove'), { code: 'PASSWORD_HAS_USERNAME' });
  t.equal(passwordRejection('a canadian goose', 'ada'), undefined, 'three letters turn up by chance');
  t.equal(passwordRejection('four unrelated words', 'somebody'), undefined);
});

t.test("A38: what an earlier version kept of loudness is kept in today's words", async (t) => {
  const { loudness: _, ...others } = blank.preferences;
  const kept = (normalizeLoudness: boolean) =>
    ({ ...blank, preferences: { ...others, normalizeLoudness } }) as unknown as Account;
  t.strictSame(asToday(kept(true)).preferences, { ...others, loudness: 'album' });
  t.strictSame(asToday(kept(false)).preferences, { ...others, loudness: 'off' });
  t.equal(asToday(blank), blank);
});
