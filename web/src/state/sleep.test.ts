/** Goal: it gets quiet between songs where the listener wants it. */
import t from 'tap';
import type { SongView } from '../../../actors/catalog/contract.ts';

const stored = new Map<string, string>([['antiphon.sleep', '{"until":"album"}']]);
Object.assign(globalThis, {
  localStorage: { getItem: () => null },
  sessionStorage: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  },
});
const { cancelSleep, sleep, sleepAfter, sleepIn, sleepsBetween } = await import('./sleep.ts');
const { remember } = await import('./library.ts');
const of = (songId: string, albumId: string) => ({ songId, album: { albumId } }) as SongView;
remember([of('a1', 'a'), of('a2', 'a'), of('b1', 'b')]);

t.test('a page that is loaded anew goes on with it', async (t) => {
  t.same(sleep.value, { until: 'album' });
});

t.test('after the album it is quiet, within it not', async (t) => {
  sleepAfter('album');
  t.notOk(sleepsBetween('a1', 'a2'));
  t.ok(sleepsBetween('a2', 'b1'));
  t.ok(sleepsBetween('a2', undefined));
});

t.test('after the song it is quiet, whatever follows; by the clock songs go on', async (t) => {
  sleepAfter('song');
  t.ok(sleepsBetween('a1', 'a2'));
  sleepIn(10);
  t.notOk(sleepsBetween('a1', 'b1'));
  t.match(stored.get('antiphon.sleep'), /"until":"time"/);
});

t.test('cancelled, it is forgotten', async (t) => {
  cancelSleep();
  t.notOk(sleepsBetween('a1', 'b1'));
  t.equal(stored.size, 0);
});
