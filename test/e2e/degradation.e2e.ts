/**
 * Goal: each row of docs/degradation.md: what a listener keeps while a part is down, and that all is as before
 * when it is back. Method: a cluster on this machine, a browser that plays all the time, and the part killed.
 * At the end the books: sound never waited, and each play that was heard counts once.
 */
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { GATEWAY_QUERY_MS_MAX, GATEWAY_SEARCH_MS_MAX } from '../../config/limits.ts';
import { ACTOR_ROLES } from '../../infra/local/cluster.ts';
import { openBrowser } from './browser.ts';
import {
  leaderOf,
  makeAlbum,
  nodeOf,
  openApp,
  openCluster,
  run,
  serverOf,
  startPart,
  until,
} from './cluster.ts';
import {
  goTo,
  heardIn,
  listenIn,
  playAlbum,
  playSong,
  signUp,
  soundingAt,
  soundsBeyond,
} from './listener.ts';

const TIMEOUT_MS = 60_000;
const ALBUM = {
  title: 'Paper Harbour',
  artist: 'Ottilie Fenn',
  songs: [
    ['Slow Lantern', 60],
    ['Copper Tide', 61],
  ] as const,
};

const cluster = await openCluster(t, {
  nodes: 2,
  roles: ACTOR_ROLES.filter((role) => role !== 'search'),
});
const { url, gateway, edge, nats, redis, s3, cassandra } = cluster;
if (!edge || !nats || !redis || !s3 || !cassandra) throw new Error('all engines must be ours, to be killed');
const search = await startPart(t, cluster, 'search');
const imported = await run(cluster, 'import', [await makeAlbum(t, ALBUM)]);
if (imported.code !== 0) throw new Error(imported.err);

const browser = await openBrowser();
t.teardown(() => browser.close());
const page = await browser.newPage();
page.setDefaultTimeout(TIMEOUT_MS);
const soundFrom = new Set<string>();
page.on('response', (response) => {
  const { pathname, origin } = new URL(response.url());
  if (pathname.startsWith('/m/')) soundFrom.add(origin);
});
await listenIn(page);
await signUp(page, url, 'ada');
const app = await openApp(url, 'ada');
const { userId } = (await app.ask('/me')).body as { userId: string };
const news = app.news();
t.teardown(() => news.close());
const bar = page.getByRole('region', { name: 'Player' });

/** The listener hears on while `work` goes on, and after it. */
async function soundGoesOn(t: Test, work: () => Promise<void>): Promise<void> {
  const before = (await heardIn(page)).length;
  await work();
  await soundsOn(page);
  const since = (await heardIn(page)).slice(before);
  t.same(
    since.filter(({ event, second, seeking }) => event === 'waiting' && second > 0 && !seeking),
    [],
    'sound never waited',
  );
}

async function soundsOn(page: Page): Promise<void> {
  const at = await soundingAt(page);
  await page.waitForFunction((before) => {
    const now = window.listening.audios.find((audio) => !audio.paused)?.currentTime;
    return now !== undefined && now !== before;
  }, at);
}

/** A command is answered, and the other devices hear of it. */
async function isCommanded(t: Test): Promise<void> {
  const heard = () => news.seen.filter(({ type }) => type === 'player.state').length;
  const before = heard();
  await until(async () => {
    for (const repeat of ['off', 'all']) {
      const { status, tookMs } = await app.ask('/me/player/mode', { repeat });
      t.equal(status, 200, `a command is answered, after ${tookMs} ms`);
    }
    return heard() > before;
  });
}

t.test('while everything is up, sound comes from the edge', async (t) => {
  await playAlbum(page, ALBUM.title);
  await soundsBeyond(page, 1);
  t.same([...soundFrom], [cluster.env.ANTIPHON_MEDIA_URL]);
  await isCommanded(t);
});

t.test(
  'search hangs, then is killed: it is said at once, and the player offers what was played',
  async (t) => {
    await soundGoesOn(t, async () => {
      await until(async () => (await app.ask('/search?query=copper')).status === 200);
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
        search.process.kill(signal);
        const { status, body, tookMs } = await app.ask(`/search?query=${signal}`);
        t.match({ status, body }, { status: 503, body: { code: 'SEARCH_UNAVAILABLE' } });
        t.ok(tookMs < GATEWAY_SEARCH_MS_MAX + 1000, `${signal}: told after ${tookMs} ms`);
      }
      await goTo(page, 'Search');
      await page.getByRole('searchbox').fill('slow');
      await page.getByText('Search is away for the moment').waitFor();
      await page.locator('.shelf', { hasText: 'Recently played' }).locator('.song').first().waitFor();
      t.pass('the player offers what was played last');
      await search.restart();
      await until(async () => (await app.ask('/search?query=copper')).status === 200);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.locator('.song', { hasText: 'Slow Lantern' }).waitFor();
    });
  },
);

t.test('Redis killed: nothing hangs, limits are counted by each node, then shared again', async (t) => {
  const away = async () =>
    /^antiphon_cache_away (\d)/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
  await soundGoesOn(t, async () => {
    redis.nodes[0]?.kill('SIGKILL');
    await until(async () => {
      await app.ask('/me/player');
      return (await away()) === '1';
    });
    for (const path of ['/me/history', '/albums', '/search?query=copper']) {
      const { status, tookMs } = await app.ask(path);
      t.equal(status, 200, `${path}: ${tookMs} ms`);
    }
    await isCommanded(t);
    const logins = Array.from({ length: 12 }, () =>
      app.ask('/login', { username: 'ada', password: 'wrong' }),
    );
    t.ok(
      (await Promise.all(logins)).some(({ status }) => status === 429),
      'guessing is still bounded',
    );
    await redis.nodes[0]?.restart();
    await until(async () => (await away()) === '0');
  });
});

t.test('the edge killed: sound goes on from the origin', async (t) => {
  await soundGoesOn(t, async () => {
    soundFrom.clear();
    edge.kill('SIGKILL');
    await bar.getByRole('button', { name: 'Next' }).click();
    await until(() => soundFrom.has(url));
  });
  await edge.restart();
});

t.test('an actor node killed: its sessions go on at another one', async (t) => {
  const node = await nodeOf(cluster, 'ada');
  await soundGoesOn(t, async () => {
    node.process.kill('SIGKILL');
    await isCommanded(t);
  });
  await node.restart();
});

t.test('a NATS server killed, the one the gateway is at, then the leader of the journal', async (t) => {
  for (const [why, found] of [
    ['of the gateway', () => serverOf(cluster, 'gateway bus')],
    ['that leads', () => leaderOf(cluster, userId)],
  ] as const) {
    const server = await found();
    t.comment(`${server.name}: ${why}`);
    await soundGoesOn(t, async () => {
      server.process.kill('SIGKILL');
      await isCommanded(t);
    });
    await server.restart();
  }
});

t.test(
  'all of Cassandra killed: playback obeys, lists are refused soon, then all is as before',
  async (t) => {
    // Its songs are then known where its session lives.
    for (const [title] of ALBUM.songs) {
      await playSong(page, ALBUM.title, title);
      await bar.getByText(title).waitFor();
    }
    await soundsOn(page);
    await soundGoesOn(t, async () => {
      for (const node of cassandra.nodes) node.kill('SIGKILL');
      const before = await playing();
      await bar.getByRole('button', { name: 'Pause' }).click();
      await until(async () => (await playing()).status === 'paused');
      await bar.getByRole('button', { name: 'Play', exact: true }).click();
      await until(async () => (await playing()).status === 'playing');
      await bar.getByRole('button', { name: 'Next' }).click();
      await until(async () => (await playing()).songId !== before.songId);
      t.pass('paused, resumed and went on to the next song');
      const { status, tookMs } = await app.ask('/me/history');
      t.equal(status, 503, 'the history is refused');
      t.ok(tookMs < GATEWAY_QUERY_MS_MAX + 1000, `after ${tookMs} ms`);
      await Promise.all(cassandra.nodes.map((node) => node.restart()));
      await until(async () => (await app.ask('/me/history')).status === 200);
    });
  },
);

t.test('the gateway killed: the page says so, plays on, and catches up', async (t) => {
  await soundGoesOn(t, async () => {
    const before = await playing();
    gateway.process.kill('SIGKILL');
    await page.getByText('Reconnecting').waitFor();
    await bar.getByRole('button', { name: 'Next' }).click();
    await soundsOn(page);
    await gateway.restart();
    await page.getByText('Reconnecting').waitFor({ state: 'detached' });
    await until(async () => (await playing()).songId !== before.songId);
    t.pass('what was clicked meanwhile was done');
    await isCommanded(t);
  });
});

t.test('S3 killed: what the edge has kept plays on', async (t) => {
  const answer = await app.ask(`/songs/${await songIdOf('Slow Lantern')}/stream`);
  const { hlsUrl } = answer.body as { hlsUrl: string };
  await fetchAll(hlsUrl);
  await playSong(page, ALBUM.title, 'Copper Tide');
  await bar.getByText('Copper Tide').waitFor();
  s3.kill('SIGKILL');
  await playSong(page, ALBUM.title, 'Slow Lantern');
  await bar.getByText('Slow Lantern').waitFor();
  await soundsOn(page);
  t.pass('a song that others have heard is played');
  await s3.restart();
});

t.test('the books: each play that was heard long enough has counted, once', async (t) => {
  // On a quick machine no play before this one was heard for long enough.
  await until(async () => (await playing()).counted === true);
  const journal = await run(cluster, 'repl', ['--exec', 'journal ada --last 200']);
  const records = journal.out.split(/^#\d+ +\S+ +/m).slice(1);
  const counted = records
    .flatMap((record) => (JSON.parse(record) as { events: { type: string; playId?: string }[] }).events)
    .flatMap(({ type, playId }) => (type === 'streamCounted' ? playId : []));
  t.ok(counted.length > 0, `${counted.length} counted`);
  t.equal(new Set(counted).size, counted.length);
  t.match((await run(cluster, 'repl', ['--exec', 'parked'])).out, 'Nothing is parked.');
});

/** What the session says, whatever the page shows. */
async function playing(): Promise<{
  readonly status?: string;
  readonly songId?: string | undefined;
  readonly counted?: boolean | undefined;
}> {
  const { status, body } = await app.ask('/me/player');
  if (status !== 200) return {};
  const { state } = body as {
    state: { status: string; current?: { songId: string; counted: boolean } };
  };
  const { status: doing, current } = state;
  return { status: doing, songId: current?.songId, counted: current?.counted };
}

async function songIdOf(title: string): Promise<string> {
  const { body } = await app.ask(`/search?query=${encodeURIComponent(title)}`);
  const { songs } = body as { songs: { items: { songId: string; title: string }[] } };
  return songs.items.find((song) => song.title === title)?.songId ?? '';
}

/** As players of every rendition would, so that the edge keeps all of it. */
async function fetchAll(hlsUrl: string): Promise<void> {
  const linesOf = async (at: string): Promise<string[]> => (await (await fetch(at)).text()).split('\n');
  for (const line of await linesOf(hlsUrl)) {
    if (!line.endsWith('.m3u8')) continue;
    const list = new URL(line, hlsUrl).href;
    const named = (await linesOf(list)).flatMap((text) =>
      text.startsWith('#') ? (/URI="([^"]+)"/.exec(text)?.[1] ?? []) : text || [],
    );
    for (const name of named) await (await fetch(new URL(name, list))).arrayBuffer();
  }
}
