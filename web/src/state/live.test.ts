/**
 * Goal: what happened while the page was cut off is shown once it is connected again.
 * Method: sockets that the test opens and closes.
 */
import t from 'tap';

const later = globalThis.setTimeout;
const sockets: Line[] = [];
class Line {
  onopen = (): void => undefined;
  onclose = (): void => undefined;
  onmessage = (_event: { data: string }): void => undefined;
  constructor() {
    sockets.push(this);
  }
  send(): void {}
  close(): void {
    this.onclose();
  }
  welcome(resumed: boolean): void {
    this.onopen();
    this.onmessage({ data: JSON.stringify({ t: 'welcome', connectionId: 'c', resumed }) });
  }
}
Object.assign(globalThis, {
  WebSocket: Line,
  Audio: class extends EventTarget {
    pause(): void {}
    load(): void {}
    removeAttribute(): void {}
  },
  addEventListener: () => undefined,
  BroadcastChannel: undefined,
  sessionStorage: { getItem: () => null, setItem: () => undefined, removeItem: () => undefined },
  location: { href: 'http://antiphon.test/', origin: 'http://antiphon.test' },
  localStorage: { getItem: () => null, setItem: () => undefined },
  setTimeout: (work: () => void, ms = 0) => later(work, ms > 15_000 ? ms : ms / 100),
  setInterval: () => undefined,
});
let answers = 0;
t.intercept(globalThis, 'fetch', {
  value: async (url: string) => {
    if (url === '/api/login') {
      return Response.json({ accessToken: 'a', accessExpiresAtMs: Date.now() + 3_600_000 });
    }
    answers++;
    const state = { version: 1, status: 'idle', upNext: [], upNextTotal: 0, shuffle: false, repeat: 'off' };
    return Response.json({ state, skipped: [] });
  },
});

const { openSession } = await import('../api/http.ts');
await openSession('/login', {});
const { historyVersion, online, startLive } = await import('./live.ts');
const { catalogVersion } = await import('./library.ts');

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((done) => later(done, 1));
}

t.test('what was missed is asked for, what was not is not', async (t) => {
  const stop = startLive();
  t.teardown(stop);
  await until(() => sockets.length === 1 && answers > 0);
  sockets.at(-1)?.welcome(false);
  sockets.at(-1)?.close();
  t.notOk(online.value);
  await until(() => sockets.length === 2);
  sockets.at(-1)?.welcome(true);
  t.ok(online.value);
  t.same([historyVersion.value, catalogVersion.value], [0, 0], 'the socket went on where it was');
  sockets.at(-1)?.close();
  await until(() => sockets.length === 3);
  answers = 0;
  sockets.at(-1)?.welcome(false);
  await until(() => historyVersion.value === 1);
  t.equal(catalogVersion.value, 1);
  t.equal(answers, 1, 'the player asked how things stand');
});
