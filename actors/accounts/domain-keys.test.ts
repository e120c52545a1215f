import t from 'tap';
import {
  ACCESS_TOKEN_TTL_MS,
  MINUTE_MS,
  SIGNING_KEY_LIFETIME_MS,
  SIGNING_KEY_PUBLISHED_AHEAD_MS,
} from '../../config/limits.ts';
import { type KeySchedule, nextKeyAt, servedKeysAt, signingKeyAt } from './domain-keys.ts';

/** Goal: A18 over a year. Method: walk the schedule minute by minute as a loading process would. */
t.test('A18: a year of rotation: always a key to sign with, known ahead, served to the end', async (t) => {
  let keys: KeySchedule[] = [];
  const knownSinceMs = new Map<number, number>();
  const lastSignedMs = new Map<number, number>();
  let aheadMsMin = Number.POSITIVE_INFINITY;
  let keysMax = 0;
  for (let nowMs = 0; nowMs < 365 * 24 * 60 * MINUTE_MS; nowMs += 5 * MINUTE_MS) {
    const next = nextKeyAt(keys, nowMs);
    if (next) {
      keys.push(next);
      knownSinceMs.set(next.generation, nowMs);
    }
    keys = servedKeysAt(keys, nowMs);
    keysMax = Math.max(keysMax, keys.length);
    const signing = signingKeyAt(keys, nowMs);
    if (!signing) return t.fail(`nothing to sign with at ${nowMs}`);
    if (!lastSignedMs.has(signing.generation) && signing.generation > 1) {
      aheadMsMin = Math.min(aheadMsMin, nowMs - (knownSinceMs.get(signing.generation) ?? nowMs));
    }
    lastSignedMs.set(signing.generation, nowMs);
    for (const [generation, atMs] of lastSignedMs) {
      const alive = nowMs < atMs + ACCESS_TOKEN_TTL_MS;
      if (alive && !keys.some((key) => key.generation === generation)) t.fail(`key ${generation} left early`);
    }
  }
  t.ok(aheadMsMin >= SIGNING_KEY_PUBLISHED_AHEAD_MS, 'published ahead of its first signature');
  t.equal(keysMax, 2, 'old keys leave');
  t.equal(lastSignedMs.size, 13, 'a new key every 30 days');
});

t.test('A18: after a long sleep the old key signs until the new one is known', async (t) => {
  const old = { generation: 1, signsFromMs: 0 };
  const wakesAtMs = 10 * SIGNING_KEY_LIFETIME_MS;
  const next = nextKeyAt([old], wakesAtMs);
  t.same(next, { generation: 2, signsFromMs: wakesAtMs + SIGNING_KEY_PUBLISHED_AHEAD_MS });
  t.equal(signingKeyAt([old, next as KeySchedule], wakesAtMs), old);
});

t.test('A18: a clock that was set back stops no login', async (t) => {
  const keys = [
    { generation: 1, signsFromMs: 1000 },
    { generation: 2, signsFromMs: 2000 },
  ];
  t.equal(signingKeyAt(keys, 500), keys[0]);
});
