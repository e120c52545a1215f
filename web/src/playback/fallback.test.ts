/**
 * Goal: when the edge is away, sound comes from the origin at once, and the edge is asked again later.
 * Method: a loader that answers from a table of addresses stands in for that of hls.js.
 */
import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js/light';
import t from 'tap';
import { EDGE_REST_MS, Fallbacks, fallbackLoader, fetchMedia } from './fallback.ts';

const EDGE = 'https://edge.example';
const PATH = '/m/token/song/96/0.m4s';
const stream = { hlsUrl: `${EDGE}/m/token/song/master.m3u8` };
const fallback = { hlsUrl: '/m/token/song/master.m3u8', dashUrl: '', fileUrl: '' };

function setUp(answers: Record<string, number | 'timeout'>) {
  let nowMs = 1000;
  const asked: string[] = [];
  const policies: LoaderConfiguration['loadPolicy'][] = [];
  class TableLoader {
    readonly stats = { loaded: 0 } as LoaderStats;
    context = null;
    load(
      context: LoaderContext,
      { loadPolicy }: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      asked.push(context.url);
      policies.push(loadPolicy);
      const answer = answers[context.url] ?? 404;
      if (answer === 'timeout') callbacks.onTimeout(this.stats, context, null);
      else if (answer === 200) {
        this.stats.loaded = 7;
        callbacks.onSuccess({ url: context.url, data: 'sound', code: 200 }, this.stats, context, null);
      } else callbacks.onError({ code: answer, text: '' }, context, null, this.stats);
    }
    abort(): void {}
    destroy(): void {}
  }
  const known = new Fallbacks(() => nowMs);
  const Class = fallbackLoader(
    TableLoader as unknown as new (
      config: HlsConfig,
    ) => Loader<LoaderContext>,
    known,
  );
  const loadPolicy = { maxTimeToFirstByteMs: 10_000, errorRetry: {}, timeoutRetry: {} };
  return {
    known,
    asked,
    policies,
    wait(ms: number): void {
      nowMs += ms;
    },
    load(url = EDGE + PATH): string {
      const loader = new Class({} as HlsConfig);
      let told = 'nothing';
      loader.load({ url } as LoaderContext, { loadPolicy } as unknown as LoaderConfiguration, {
        onSuccess: (response, stats, context) => {
          told = `${response.url === url && context.url === url} ${stats === loader.stats} ${stats.loaded}`;
        },
        onError: ({ code }) => {
          told = `error ${code}`;
        },
        onTimeout: () => {
          told = 'timeout';
        },
      });
      return told;
    },
  };
}
const FROM_ANYWHERE = 'true true 7';

t.test('an edge that is cut off, broken or silent is gone around at once', async (t) => {
  for (const answer of [0, 502, 503, 'timeout'] as const) {
    const { known, asked, policies, load } = setUp({ [EDGE + PATH]: answer, [PATH]: 200 });
    known.learn({ ...stream, fallback });
    t.equal(load(), FROM_ANYWHERE, 'hls.js is told of the address and statistics that it knows');
    t.same(asked, [EDGE + PATH, PATH]);
    t.match(policies[0], { errorRetry: null, timeoutRetry: null, maxTimeToFirstByteMs: 4000 });
    t.match(policies[1], { errorRetry: {}, maxTimeToFirstByteMs: 10_000 }, 'the origin is given its time');
  }
});

t.test('it rests for a while, then it is asked again', async (t) => {
  const answers: Record<string, number> = { [EDGE + PATH]: 0, [PATH]: 200 };
  const { known, asked, load, wait } = setUp(answers);
  known.learn({ ...stream, fallback });
  load();
  t.equal(load(), FROM_ANYWHERE);
  t.same(asked.splice(0), [EDGE + PATH, PATH, PATH]);
  wait(EDGE_REST_MS);
  answers[EDGE + PATH] = 200;
  t.equal(load(), FROM_ANYWHERE);
  t.same(asked, [EDGE + PATH]);
});

t.test('what the edge refuses is refused: the origin would say the same', async (t) => {
  const { known, asked, load } = setUp({ [EDGE + PATH]: 403, [PATH]: 200 });
  known.learn({ ...stream, fallback });
  t.equal(load(), 'error 403');
  t.same(asked, [EDGE + PATH]);
});

t.test('with neither of them, hls.js is told', async (t) => {
  const { known, asked, load } = setUp({ [EDGE + PATH]: 0, [PATH]: 503 });
  known.learn({ ...stream, fallback });
  t.equal(load(), 'error 503');
  t.same(asked, [EDGE + PATH, PATH]);
});

t.test('without an edge apart nothing changes', async (t) => {
  const { known, asked, policies, load } = setUp({ [PATH]: 503 });
  known.learn({ hlsUrl: '/m/token/song/master.m3u8' });
  t.equal(load(PATH), 'error 503');
  t.same(asked, [PATH]);
  t.match(policies[0], { errorRetry: {} }, 'hls.js asks again by itself');
});

t.test('what is fetched ahead is given up when it takes too long', async (t) => {
  const asked: string[] = [];
  t.intercept(globalThis, 'fetch', {
    value: (url: string, { signal }: RequestInit) => {
      asked.push(url);
      return new Promise((_resolve, reject) => {
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    },
  });
  const known = new Fallbacks(() => 0);
  known.learn({ ...stream, fallback });
  for (const [url, all] of [
    [PATH, [PATH]],
    [EDGE + PATH, [EDGE + PATH, PATH]],
  ] as const) {
    asked.length = 0;
    const patience = new AbortController();
    const answer = fetchMedia(url, known, patience.signal);
    patience.abort();
    await t.rejects(answer);
    t.same(asked, all);
  }
});
