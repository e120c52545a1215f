/**
 * Goal: what is heard follows the listener's last wish and the service's last word, also when they cross, or
 * when the service or the sound is away.
 * Method: the player over audio elements that make no sound and a service that answers as each test says. All
 * waiting takes a hundredth of its time.
 */
import t from 'tap';
import type { PlayerAnswer, PlayerState } from '../../../actors/player-session/contract.ts';

const FASTER = 100;
/** tap's own timers are longer. */
const HURRIED_MS_MAX = 15_000;
const WAIT_MS_MAX = 10_000;

class Sound extends EventTarget {
  src = '';
  currentTime = 0;
  paused = true;
  ended = false;
  seeking = false;
  volume = 1;
  preload = '';
  plays = 0;
  constructor() {
    super();
    sounds.push(this);
  }
  async play(): Promise<void> {
    this.plays++;
    this.paused = false;
  }
  pause(): void {
    this.paused = true;
  }
  load(): void {
    this.currentTime = 0;
  }
  removeAttribute(): void {
    this.src = '';
  }
}
const sounds: Sound[] = [];
const heard = () => sounds.filter(({ paused, src }) => !paused && src !== '').map(({ src }) => src);
const holding = (playId: string) => sounds.find(({ src }) => src === urlOf(playId));
const plays = () => sounds.reduce((sum, sound) => sum + sound.plays, 0);

const later = globalThis.setTimeout;
const hurried = (ms = 0) => (ms > HURRIED_MS_MAX ? ms : ms / FASTER);
const stored = new Map<string, string>();
Object.assign(globalThis, {
  Audio: Sound,
  addEventListener: () => undefined,
  BroadcastChannel: undefined,
  sessionStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  location: { href: 'http://antiphon.test/', origin: 'http://antiphon.test' },
  localStorage: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  },
  setTimeout: (work: () => void, ms?: number) => later(work, hurried(ms)),
  setInterval: (work: () => void, ms?: number) => {
    const again = () => {
      work();
      later(again, hurried(ms)).unref();
    };
    later(again, hurried(ms)).unref();
  },
});

const pause = (ms: number) => new Promise((done) => later(done, ms));
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`still not so: ${isSo}`);
    await pause(1);
  }
}

type Handler = (body: Record<string, unknown>) => unknown;
const PLAYER = '/api/me/player';
let service: Record<string, Handler> = {};
let asked: { name: string; body: Record<string, unknown> }[] = [];
const askedNames = () => asked.map(({ name }) => name).filter((name) => name !== 'progress');
const away: Handler = () => {
  throw 503;
};

t.intercept(globalThis, 'fetch', {
  value: async (url: string, init: RequestInit = {}) => {
    const body = JSON.parse(String(init.body ?? null)) as Record<string, unknown>;
    if (url === '/api/login') {
      const accessExpiresAtMs = Date.now() + 3_600_000;
      return Response.json({ accessToken: 'a', accessExpiresAtMs, deviceId: 'here' });
    }
    if (!url.startsWith(PLAYER)) return Response.json({ items: [], liked: [] });
    const name = url.slice(PLAYER.length + 1) || 'get';
    asked.push({ name, body });
    try {
      return Response.json(await (service[name] ?? away)(body));
    } catch (status) {
      return Response.json({ code: 'AWAY' }, { status: Number(status) });
    }
  },
});

const urlOf = (playId: string) => `/m/token/${playId}/master.m3u8`;
const streamOf = (playId: string) => ({
  playId,
  songId: `song ${playId}`,
  hlsUrl: urlOf(playId),
  dashUrl: '',
  fileUrl: '',
  expiresAtMs: 0,
  maxRung: 160 as const,
});
function stateOf(
  version: number,
  playId: string,
  more: Partial<PlayerState> = {},
  positionMs = 0,
  soughtAtMs?: number,
): PlayerState {
  const current = {
    entryId: `entry ${playId}`,
    songId: `song ${playId}`,
    playId,
    durationMs: 200_000,
    positionMs,
    // By a clock that is a minute behind ours.
    asOfMs: Date.now() - 60_000,
    listenedMs: 0,
    counted: false,
    ...(soughtAtMs && { soughtAtMs }),
  };
  const queue = { upNext: [], upNextTotal: 0, shuffle: false, repeat: 'off' as const };
  return { version, status: 'playing', deviceId: 'here', current, ...queue, ...more };
}
const answerOf = (state: PlayerState, nextId?: string): PlayerAnswer => ({
  state,
  ...(state.current && state.deviceId === 'here' && { stream: streamOf(state.current.playId) }),
  ...(nextId && { nextStream: streamOf(nextId) }),
  skipped: [],
});
/** An answer that is given when the test says so. */
function heldBack<T>() {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { handler: () => promise, give: resolve };
}

const { openSession } = await import('../api/http.ts');
await openSession('/login', {});
const player = await import('./player.ts');
const now = await import('./now.ts');
const sleep = await import('./sleep.ts');
const { toasts } = await import('./toasts.ts');

/** Signed in, with this answer to whoever asks how things stand. */
async function begin(answer: PlayerAnswer, more: Record<string, Handler> = {}): Promise<void> {
  player.stopPlayer();
  const progress = () => ({ listenedMs: 0, counted: false, current: true });
  service = { get: () => answer, progress, ...more };
  void player.startPlayer();
  await until(() => now.state.value?.version === answer.state.version);
  if (answer.stream) await until(() => Boolean(holding(answer.stream?.playId ?? '')));
  if (answer.state.status === 'playing' && answer.stream) {
    await until(() => heard().length === 1);
    holding(answer.stream.playId)?.dispatchEvent(new Event('playing'));
  }
  if (answer.nextStream) await until(() => Boolean(holding(answer.nextStream?.playId ?? '')));
  asked = [];
}
t.afterEach(() => player.stopPlayer());

t.test('a song starts at its beginning, whatever the clock of this device says', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  t.equal(holding('a')?.currentTime, 0);
});

t.test('until the service says what to fetch, it is asked now and then', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  const { stream: _, ...without } = answerOf(stateOf(2, 'b'));
  service.next = () => without;
  service.get = () => without;
  await player.next();
  t.same(heard(), [], 'the song before is over');
  t.match(toasts.value.at(-1)?.text, /away/);
  const sinceMs = performance.now();
  await until(() => askedNames().filter((name) => name === 'get').length > 3);
  t.ok(
    performance.now() - sinceMs > 50,
    'four times in about three times three seconds, a hundred times faster',
  );
  service.get = () => answerOf(stateOf(2, 'b'));
  await until(() => heard()[0] === urlOf('b'));
});

t.test('the answer to a command does not undo what was clicked after it', async (t) => {
  await begin(answerOf(stateOf(1, 'a'), 'b'));
  const mode = heldBack<PlayerAnswer>();
  const paused = heldBack<PlayerAnswer>();
  Object.assign(service, { mode: mode.handler, pause: paused.handler });
  const all = [player.setMode({ shuffle: true }), player.toggle()];
  t.same(heard(), [], 'silent at once');
  const before = plays();
  mode.give(answerOf(stateOf(2, 'a', { shuffle: true }), 'b'));
  await until(() => askedNames().includes('pause'));
  paused.give(answerOf(stateOf(3, 'a', { shuffle: true, status: 'paused' }), 'b'));
  await Promise.all(all);
  t.equal(plays(), before, 'and all the time');
  t.match(now.state.value, { version: 3, shuffle: true, status: 'paused' });
});

t.test('nor does the answer to a question from before the click', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  const get = heldBack<PlayerAnswer>();
  const paused = heldBack<PlayerAnswer>();
  Object.assign(service, { get: get.handler, pause: paused.handler });
  const caughtUp = player.catchUp();
  await until(() => askedNames().includes('get'));
  const toggled = player.toggle();
  get.give(answerOf(stateOf(1, 'a')));
  await caughtUp;
  t.same(heard(), []);
  paused.give(answerOf(stateOf(2, 'a', { status: 'paused' })));
  await toggled;
  t.same(askedNames(), ['get', 'pause']);
});

t.test('play, pressed again before it is answered, pauses', async (t) => {
  await begin(answerOf(stateOf(1, 'a', { status: 'paused' })));
  service.resume = () => answerOf(stateOf(2, 'a'));
  service.pause = () => answerOf(stateOf(3, 'a', { status: 'paused' }));
  await Promise.all([player.toggle(), player.toggle()]);
  t.same(askedNames(), ['resume', 'pause']);
  t.same(heard(), []);
});

t.test('a pause that the service did not take is told again, and nothing sounds meanwhile', async (t) => {
  await begin(answerOf(stateOf(1, 'a')), { pause: away });
  const before = plays();
  await player.toggle();
  service.pause = () => answerOf(stateOf(2, 'a', { status: 'paused' }));
  await until(() => now.state.value?.version === 2);
  t.equal(plays(), before);
});

t.test('a key held down tells the place where it ends, before what is asked next', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  service.seek = () => answerOf(stateOf(2, 'a'));
  service.next = () => answerOf(stateOf(3, 'b'));
  for (const toMs of [5000, 10_000, 15_000]) player.seek(toMs);
  t.equal(holding('a')?.currentTime, 15, 'heard at once');
  await until(() => now.state.value?.version === 2);
  player.seek(20_000);
  await player.next();
  t.same(askedNames(), ['seek', 'seek', 'next']);
  t.match(
    asked.filter(({ name }) => name === 'seek'),
    [{ body: { positionMs: 15_000 } }, { body: { positionMs: 20_000 } }],
  );
});

t.test('a place chosen on another device is heard here; a state that only tells time is not', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  const sound = holding('a');
  if (sound) sound.currentTime = 0.7;
  player.onRemoteState(stateOf(2, 'a', { shuffle: true }));
  t.equal(sound?.currentTime, 0.7);
  player.onRemoteState(stateOf(3, 'a', {}, 60_000));
  t.equal(sound?.currentTime, 0.7, 'nor one that was long on its way');
  player.onRemoteState(stateOf(4, 'a', {}, 90_000, 1));
  t.equal(sound?.currentTime, 90);
  player.onRemoteState(stateOf(5, 'a', {}, 0, 2));
  t.equal(sound?.currentTime, 0, 'its start, too');
});

t.test('what cannot be fetched ahead is let go, and fetched when it is due', async (t) => {
  await begin(answerOf(stateOf(1, 'a'), 'b'));
  holding('b')?.dispatchEvent(new Event('error'));
  t.notOk(holding('b'));
  service.next = () => answerOf(stateOf(2, 'b'));
  await player.next();
  t.same(heard(), [urlOf('b')]);
});

t.test('sound that fails before it starts is fetched again from the same place', async (t) => {
  await begin(answerOf(stateOf(1, 'a', { status: 'paused' }, 60_000)));
  for (let fails = 0; fails < 3; fails++) {
    const sound = holding('a');
    t.equal(sound?.currentTime, 60);
    sound?.load();
    asked = [];
    sound?.dispatchEvent(new Event('error'));
    sound?.dispatchEvent(new Event('error'));
    await until(() => asked.length > 0);
    await until(() => holding('a')?.currentTime === 60);
  }
  t.same(askedNames(), ['get'], 'once for each time');
});

t.test('the last report of a play is sent until it is answered', async (t) => {
  await begin(answerOf(stateOf(1, 'a')), { progress: away, play: () => answerOf(stateOf(2, 'b')) });
  await player.play({ songId: 'song b' });
  t.same(heard(), [urlOf('b')]);
  const told: unknown[] = [];
  service.progress = ({ playId }) => {
    told.push(playId);
    return { listenedMs: 0, counted: false, current: false };
  };
  await until(() => told.includes('a'));
  await pause(50);
  t.equal(new Set(told).size, told.length, 'and no more');
});

t.test('a device that only commands claims nothing of what it heard before', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  player.onRemoteState(stateOf(2, 'b', { deviceId: 'there' }));
  service.next = () => answerOf(stateOf(3, 'c', { deviceId: 'there' }));
  await player.next();
  t.match(asked.at(-1), { name: 'next', body: { playId: 'b', listenedMs: undefined } });
});

t.test('a page that found the service away shows what plays when it is back', async (t) => {
  player.stopPlayer();
  let tries = 0;
  service = { get: () => (++tries < 3 ? away({}) : answerOf(stateOf(1, 'a', { deviceId: 'there' }))) };
  void player.startPlayer();
  await until(() => now.state.value?.version === 1);
  t.equal(tries, 3);
});

t.test('what was on its way when one listener left is nothing to the next one', async (t) => {
  await begin(answerOf(stateOf(500, 'a')));
  const late = heldBack<PlayerAnswer>();
  service.mode = late.handler;
  const asking = player.setMode({ shuffle: true });
  await until(() => askedNames().includes('mode'));
  player.onRemoteState(stateOf(502, 'a'));
  await begin(answerOf(stateOf(1, 'b')));
  late.give(answerOf(stateOf(501, 'a')));
  await asking;
  service.mode = () => answerOf(stateOf(2, 'b', { shuffle: true }));
  await player.setMode({ shuffle: true });
  t.match(now.state.value, { version: 2, current: { playId: 'b' } });
});

t.test(
  'an end that the service could not be told of is told when it is back, before anything else',
  async (t) => {
    await begin(answerOf(stateOf(1, 'a'), 'b'), { next: away });
    service.get = away;
    holding('a')?.dispatchEvent(new Event('ended'));
    await until(() => askedNames().includes('next'));
    service.next = () => answerOf(stateOf(2, 'b'));
    service.get = () => answerOf(stateOf(1, 'a'), 'b');
    await until(() => now.state.value?.version === 2);
    t.match(asked.findLast(({ name }) => name === 'next')?.body, { playId: 'a', reason: 'ended' });
    t.same(heard(), [urlOf('b')]);
  },
);

t.test(
  'next shows and sounds the next song at once, and stands by it while the service is away',
  async (t) => {
    const upNext = [{ entryId: 'entry b', songId: 'song b', source: 'context' as const }];
    await begin(answerOf(stateOf(1, 'a', { upNext, upNextTotal: 1 }), 'b'), { next: away });
    service.get = away;
    void player.next();
    t.same(heard(), [urlOf('b')]);
    t.match(now.state.value, {
      current: { playId: 'b', songId: 'song b', entryId: 'entry b' },
      upNextTotal: 0,
    });
    await until(() => askedNames().includes('get'));
    service.get = () => answerOf(stateOf(1, 'a'), 'b');
    service.next = () => answerOf(stateOf(2, 'b'));
    await until(() => now.state.value?.version === 2);
    t.same(heard(), [urlOf('b')], 'the song before never comes back');
  },
);

t.test('a song that repeats is skipped to the song that the service names', async (t) => {
  await begin(answerOf(stateOf(1, 'a', { repeat: 'one' }), 'a again'));
  service.next = () => answerOf(stateOf(2, 'b', { repeat: 'one' }));
  const skipped = player.next();
  t.same(heard(), [urlOf('a')], 'not from its start again meanwhile');
  await skipped;
  t.same(heard(), [urlOf('b')]);
});

t.test('a song that no fresh address mends is given up for the next one', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  service.next = () => answerOf(stateOf(2, 'b'));
  for (let gets = 1; gets <= 4; gets++) {
    holding('a')?.dispatchEvent(new Event('error'));
    await until(() => askedNames().length === gets);
    await pause(5);
  }
  holding('a')?.dispatchEvent(new Event('error'));
  await until(() => askedNames().includes('next'));
  t.match(asked.find(({ name }) => name === 'next')?.body, { playId: 'a', reason: 'failed' });
  t.match(toasts.value.at(-1)?.text, /cannot be played/);
  await until(() => heard()[0] === urlOf('b'));
});

t.test('when song after song is broken it stops, and says so', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  let version = 1;
  service.next = () => answerOf(stateOf(++version, `broken ${version}`));
  service.get = () => answerOf(now.state.value as PlayerState);
  service.pause = () =>
    answerOf({ ...(now.state.value as PlayerState), version: ++version, status: 'paused' });
  while (now.state.value?.status === 'playing') {
    sounds.find(({ src }) => src !== '')?.dispatchEvent(new Event('error'));
    await pause(2);
  }
  t.same(
    askedNames().filter((name) => name !== 'get'),
    ['next', 'next', 'pause'],
  );
  t.match(toasts.value.at(-1)?.text, /in a row/);
});

t.test('while the service is away a song is not given up', async (t) => {
  await begin(answerOf(stateOf(1, 'a')));
  service.get = away;
  holding('a')?.dispatchEvent(new Event('error'));
  await until(() => askedNames().length > 6);
  t.notOk(askedNames().includes('next'));
  service.get = () => answerOf(stateOf(1, 'a'));
  await until(() => heard()[0] === urlOf('a'));
});

t.test('asleep after a song, the next one is ready and silent', async (t) => {
  await begin(answerOf(stateOf(1, 'a'), 'b'));
  sleep.sleepAfter('song');
  service.next = () => answerOf(stateOf(2, 'b'));
  service.pause = () => answerOf(stateOf(3, 'b', { status: 'paused' }));
  const before = plays();
  const sound = holding('a');
  if (sound) sound.paused = true;
  sound?.dispatchEvent(new Event('ended'));
  await until(() => now.state.value?.version === 3);
  t.same(askedNames(), ['next', 'pause']);
  t.equal(plays(), before);
  t.equal(sleep.sleep.value, undefined, 'once');
});
