/**
 * Goal: hearts show what the service holds, in whatever order answers come.
 * Method: a service with a set of likes, whose answers the test holds back.
 */
import t from 'tap';
import type { SongView } from '../../../actors/catalog/contract.ts';

const liked = new Set<string>();
const told: string[] = [];
let waits: Promise<unknown> = Promise.resolve();

t.intercept(globalThis, 'fetch', {
  value: async (url: string, { method, body }: RequestInit) => {
    const path = url.slice('/api/'.length);
    if (path === 'login') {
      return Response.json({ accessToken: 'a', accessExpiresAtMs: Date.now() + 3_600_000 });
    }
    if (path === 'me/likes/lookup') {
      const { songIds } = JSON.parse(String(body)) as { songIds: string[] };
      const answer = songIds.filter((id) => liked.has(id));
      await waits;
      return Response.json({ liked: answer });
    }
    told.push(`${method} ${path}`);
    await waits;
    return new Response(null, { status: 204 });
  },
});

const { openSession } = await import('../api/http.ts');
await openSession('/login', {});
const { doubtLikes, forgetLibrary, likes, remember, toggleLike } = await import('./library.ts');

const songOf = (songId: string) => ({ songId }) as SongView;
const settled = () => new Promise((done) => setTimeout(done, 5));
t.beforeEach(() => forgetLibrary());

t.test(
  'what another device took out while this one was not told is gone when it is asked again',
  async (t) => {
    liked.add('a').add('b');
    remember([songOf('a'), songOf('b')]);
    await settled();
    t.same([...likes.value], ['a', 'b']);
    liked.delete('a');
    doubtLikes();
    remember([songOf('a'), songOf('b')]);
    await settled();
    t.same([...likes.value], ['b']);
  },
);

t.test('a heart pressed while its song is asked about stays', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  waits = promise;
  remember([songOf('new')]);
  const toggled = toggleLike('new');
  resolve();
  await toggled;
  await settled();
  t.same([...likes.value], ['new']);
});

t.test('a heart pressed twice is told in this order', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  waits = promise;
  told.length = 0;
  const both = [toggleLike('twice'), toggleLike('twice')];
  await settled();
  t.same(told, ['PUT me/likes/twice'], 'the second one waits for the first');
  resolve();
  await Promise.all(both);
  t.same(told, ['PUT me/likes/twice', 'DELETE me/likes/twice']);
});
