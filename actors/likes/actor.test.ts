// Goal: likes are kept as their rules say. Method: the actor on the embedded engines with a catalogue
// that knows every song but those named `none…`.
import t from 'tap';
import { LIKES_MAX } from '../../config/limits.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import { type Engines, enginesOf, heard, openEngines, rowsOf } from '../../test/doubles/engines.ts';
import { answeringUnknown, mortal } from '../../test/doubles/faults.ts';
import { idOf } from '../../test/doubles/releases.ts';
import { ACCOUNTS_STREAM } from '../accounts/contract.ts';
import type { SongView } from '../catalog/contract.ts';
import { userTopic } from '../player-session/contract.ts';
import { createLikes } from './actor.ts';
import { LIKES_STREAM } from './contract.ts';
import { likeListTable } from './tables.ts';

const USER = idOf('user');
const SUBJECT = `${LIKES_STREAM}.${USER}`;
const removed = new Set<string>();
const catalog = {
  songs: async ({ songIds }: { songIds: string[] }) => ({
    items: songIds
      .filter((songId) => !songId.startsWith('none'))
      .map((songId) => ({ songId, ...(removed.has(songId) && { unavailable: 'REMOVED' }) }) as SongView),
  }),
};

async function started(test: Pick<typeof t, 'teardown'>, given?: Engines) {
  const engines = given ?? (await enginesOf(test));
  const likes = createLikes({ ...engines, catalog });
  await likes.start();
  test.teardown(() => likes[Symbol.asyncDispose]());
  const { handlers } = likes;
  const like = (name: string, userId = USER) => handlers.like({ userId, songId: idOf(name) });
  const unlike = (name: string, userId = USER) => handlers.unlike({ userId, songId: idOf(name) });
  const liked = async (userId = USER) => (await handlers.list({ userId })).items.map(({ songId }) => songId);
  return { ...engines, likes, handlers, like, unlike, liked };
}

t.test('L1: liking twice keeps the first time; only changes are journaled and told', async (t) => {
  const { like, unlike, handlers, clock, journal, topics } = await started(t);
  const news = await heard(topics, userTopic(USER));
  const firstMs = clock.nowMs();
  await like('a');
  clock.advance(1000);
  await like('a');
  t.same((await handlers.list({ userId: USER })).items, [{ songId: idOf('a'), likedAtMs: firstMs }]);
  await unlike('a');
  await unlike('a');
  await unlike('b');
  t.same((await handlers.list({ userId: USER })).items, []);
  await like('a');
  t.same((await handlers.list({ userId: USER })).items, [{ songId: idOf('a'), likedAtMs: firstMs + 1000 }]);
  const types = (await journal.read(LIKES_STREAM, SUBJECT)).map(
    ({ data }) => (data as { type: string }).type,
  );
  t.same(types, ['liked', 'unliked', 'liked']);
  t.same(
    news,
    [true, false, true].map((liked) => ({ type: 'likes.changed', songId: idOf('a'), liked })),
  );
});

t.test('L1: two devices that like at once save the song once', async (t) => {
  const { like, liked, likes } = await started(t);
  await Promise.all([like('a'), like('a'), like('a')]);
  t.same(await liked(), [idOf('a')]);
  await likes.caughtUp();
  t.same(await liked(), [idOf('a')]);
});

t.test('L2: a song must be in the catalogue to be saved, but not to be taken out', async (t) => {
  const { like, unlike, liked } = await started(t);
  await t.rejects(like('none'), { code: 'SONG_NOT_FOUND' });
  await like('gone');
  removed.add(idOf('gone'));
  t.teardown(() => removed.clear());
  t.same(await liked(), [idOf('gone')]);
  await unlike('gone');
  t.same(await liked(), []);
  await t.rejects(like('gone'), { code: 'SONG_NOT_FOUND' });
});

t.test('L3: one more than the limit is refused', async (t) => {
  const { like, liked, tables } = await started(t);
  const list = tables.open(likeListTable);
  await list.batch(
    USER,
    Array.from({ length: LIKES_MAX }, (_, i) => ({
      put: {},
      ck: [i, idOf(`full${i}x`)] as [number, string],
    })),
  );
  await t.rejects(like('a'), { code: 'TOO_MANY_LIKES', status: 409 });
  await list.delete(USER, [0, idOf('full0x')]);
  await like('a');
  t.same((await liked()).slice(0, 1), [idOf('a')]);
  await t.rejects(like('b'), { code: 'TOO_MANY_LIKES' });
});

t.test('L3: the limit is looked up, not counted each time', async (t) => {
  const engines = await enginesOf(t);
  let counts = 0;
  const tables: Tables = {
    open(spec) {
      const real = engines.tables.open(spec);
      const scan: typeof real.scan = (...args) => {
        if (spec.name === likeListTable.name) counts += 1;
        return real.scan(...args);
      };
      return { ...real, scan };
    },
  };
  const { like, unlike } = await started(t, { ...engines, tables });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await like(name);
  await unlike('c');
  await like('f');
  t.equal(counts, 1, 'before the first one');
});

t.test('L5: a write that is not known to be done is found done, or is done again', async (t) => {
  for (const fate of ['done', 'not done'] as const) {
    for (let doubted = 1; doubted <= 3; doubted++) {
      const engines = await enginesOf(t);
      const tables = answeringUnknown(engines.tables, (write) => (write === doubted ? fate : undefined));
      const { like, unlike, liked, likes, handlers } = await started(t, { ...engines, tables });
      await like('a');
      await like('b');
      await unlike('a');
      await likes.caughtUp();
      t.same(await liked(), [idOf('b')], `write ${doubted} is ${fate}`);
      const asked = { userId: USER, songIds: [idOf('a'), idOf('b')] };
      t.same((await handlers.contains(asked)).liked, [idOf('b')]);
    }
  }
});

t.test('L4: lists are newest first, paged, and one’s own', async (t) => {
  const { like, handlers, clock } = await started(t);
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) {
    clock.advance(1);
    await like(name);
  }
  await like('x', idOf('stranger'));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await handlers.list({ userId: USER, limit: 2, ...(cursor && { cursor }) });
    seen.push(...page.items.map(({ songId }) => songId));
    cursor = page.nextCursor;
  } while (cursor);
  t.same(seen, names.toReversed().map(idOf));
  t.same(await handlers.contains({ userId: USER, songIds: ['x', 'b', 'a'].map(idOf) }), {
    liked: ['b', 'a'].map(idOf),
  });
});

t.test('L5: a crash at any write loses nothing acknowledged and leaves nothing half done', async (t) => {
  for (let write = 1; ; write++) {
    await using engines = await openEngines();
    const dying = mortal(engines);
    await using first = createLikes({ ...engines, ...dying, catalog });
    await first.start();
    await first.handlers.like({ userId: USER, songId: idOf('a') });
    await first.caughtUp();
    dying.dieAt(write, 'before');
    const work = async () => {
      await first.handlers.like({ userId: USER, songId: idOf('b') });
      await first.handlers.unlike({ userId: USER, songId: idOf('a') });
    };
    await Promise.race([dying.death, work()]).catch((error) => t.equal(error.name, 'CrashError'));
    await first[Symbol.asyncDispose]();
    const next = await started(t, engines);
    await next.likes.caughtUp();
    const journaled = await next.journal.read(LIKES_STREAM, SUBJECT);
    const model = new Set<string>();
    for (const { data } of journaled) {
      const { type, songId } = data as { type: string; songId: string };
      if (type === 'liked') model.add(songId);
      else model.delete(songId);
    }
    t.same(new Set(await next.liked()), model, `dead at write ${write}`);
    const { liked } = await next.handlers.contains({ userId: USER, songIds: ['a', 'b'].map(idOf) });
    t.same(new Set(liked), model, `dead at write ${write}: contains`);
    await next.likes[Symbol.asyncDispose]();
    if (!dying.isDead()) {
      t.ok(write > 4);
      break;
    }
  }
});

t.test('L6: a deleted account leaves nothing, also when it likes once more', async (t) => {
  const { like, liked, likes, journal, store } = await started(t);
  await like('a');
  await like('a', idOf('stranger'));
  await journal.append(ACCOUNTS_STREAM, `accounts.${USER}`, { type: 'accountDeleted', userId: USER });
  await likes.caughtUp();
  await like('late');
  await likes.caughtUp();
  t.same(await liked(), []);
  t.same(await journal.read(LIKES_STREAM, SUBJECT), []);
  for (const table of ['likes_song', 'likes_list', 'likes_count']) {
    t.same(
      rowsOf({ store }, table).filter(({ pk }) => pk === USER),
      [],
      table,
    );
  }
  t.same(await liked(idOf('stranger')), [idOf('a')]);
});
