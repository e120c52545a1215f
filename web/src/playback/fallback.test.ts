/**
 * Goal: when the edge is away, sound comes from the origin at once, and the edge is asked again later.
 * Method: a `fetch` that answers from a table of addresses, and timers that are over at once.
 */
import t, { type Test as TapTest } from 'tap';
import { EDGE_REST_MS, Fallbacks, fetchMedia } from './fallback.ts';

const EDGE = 'https://edge.example';
const PATH = '/m/token/song/96/0.m4s';
const stream = { hlsUrl: `${EDGE}/m/token/song/master.m3u8` };
const fallback = { hlsUrl: '/m/token/song/master.m3u8', dashUrl: '', fileUrl: '' };

type Answer = number | 'cut off' | 'silent';

function setUp(t: TapTest, answers: Record<string, Answer>) {
  let nowMs = 1000;
  const asked: string[] = [];
  t.intercept(globalThis, 'fetch', {
    value: (url: string, { signal }: RequestInit) => {
      asked.push(url);
      const answer = answers[url] ?? 404;
      if (answer === 'cut off') return Promise.reject(new TypeError('cut off'));
      if (typeof answer === 'number') return Promise.resolve(new Response('', { status: answer }));
      return new Promise((_resolve, reject) => {
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    },
  });
  const known = new Fallbacks(() => nowMs);
  return {
    known,
    asked,
    wait(ms: number): void {
      nowMs += ms;
    },
    statusOf: async (url = EDGE + PATH) => (await fetchMedia(url, known)).status,
  };
}

t.test('an edge that is cut off, broken or silent is gone around at once', async (t) => {
  const later = globalThis.setTimeout;
  t.intercept(globalThis, 'setTimeout', { value: (work: () => void) => later(work) });
  for (const answer of ['cut off', 502, 503, 'silent'] as const) {
    const { known, asked, statusOf } = setUp(t, { [EDGE + PATH]: answer, [PATH]: 200 });
    known.learn({ ...stream, fallback });
    t.equal(await statusOf(), 200, String(answer));
    t.same(asked, [EDGE + PATH, PATH]);
  }
});

t.test('it rests for a while, then it is asked again', async (t) => {
  const answers: Record<string, Answer> = { [EDGE + PATH]: 'cut off', [PATH]: 200 };
  const { known, asked, statusOf, wait } = setUp(t, answers);
  known.learn({ ...stream, fallback });
  await statusOf();
  t.equal(await statusOf(), 200);
  t.same(asked.splice(0), [EDGE + PATH, PATH, PATH]);
  wait(EDGE_REST_MS);
  answers[EDGE + PATH] = 200;
  t.equal(await statusOf(), 200);
  t.same(asked, [EDGE + PATH]);
});

t.test('what the edge refuses is refused: the origin would say the same', async (t) => {
  const { known, asked, statusOf } = setUp(t, { [EDGE + PATH]: 403, [PATH]: 200 });
  known.learn({ ...stream, fallback });
  t.equal(await statusOf(), 403);
  t.same(asked, [EDGE + PATH]);
});

t.test('with neither of them, the origin has the last word', async (t) => {
  const { known, asked, statusOf } = setUp(t, { [EDGE + PATH]: 'cut off', [PATH]: 503 });
  known.learn({ ...stream, fallback });
  t.equal(await statusOf(), 503);
  t.same(asked, [EDGE + PATH, PATH]);
});

t.test('without an edge apart nothing changes', async (t) => {
  const { known, asked, statusOf } = setUp(t, { [PATH]: 503 });
  known.learn({ hlsUrl: '/m/token/song/master.m3u8' });
  t.equal(await statusOf(PATH), 503);
  t.same(asked, [PATH]);
});

t.test("what is nobody's wish any more is asked for nowhere", async (t) => {
  const { known, asked } = setUp(t, { [EDGE + PATH]: 'silent' });
  known.learn({ ...stream, fallback });
  const wish = new AbortController();
  const answer = fetchMedia(EDGE + PATH, known, wish.signal);
  wish.abort();
  await t.rejects(answer);
  t.same(asked, [EDGE + PATH]);
});
