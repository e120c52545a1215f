/**
 * Goal: a cluster is, for a listener and for its operator, the service that they know.
 * Method: all processes of a cluster on this machine; music comes in through its workers, one of which is killed
 * at work; a browser plays it from the edge, which is another origin.
 */
import { ServiceBroker } from 'moleculer';
import t from 'tap';
import { readSettings } from '../../config/settings.ts';
import { brokerOptions, NAMESPACE } from '../../infra/bus/broker-options.ts';
import { openBus } from '../../infra/bus/open-bus.ts';
import { clientOf } from '../../kit/client.ts';
import { ingestContract } from '../../media/ingest/contract.ts';
import { openBrowser } from './browser.ts';
import { makeAlbum, openApp, openCluster, run, until } from './cluster.ts';
import { goTo, historyOf, listenIn, playAlbum, signUp, soundsBeyond } from './listener.ts';

const TIMEOUT_MS = 60_000;
/** Long enough to be killed in, and to be counted. */
const ALBUM = {
  title: 'Paper Harbour',
  artist: 'Ottilie Fenn',
  songs: [
    ['Slow Lantern', 60],
    ['Copper Tide', 61],
  ] as const,
};

const cluster = await openCluster(t, { cassandraNodes: 1, nodes: 3 });
const { url, env } = cluster;

async function joined() {
  const settings = readSettings({ ...env, ANTIPHON_NODE_ID: 'test' }, process.cwd());
  const transporter = await openBus(settings, 'spoke');
  const broker = new ServiceBroker(brokerOptions({ nodeId: 'test', namespace: NAMESPACE, transporter }));
  await broker.start();
  t.teardown(() => broker.stop());
  await broker.waitForServices('ingest');
  return broker;
}

t.test('an import goes on when the worker at it is killed, and releases each song once', async (t) => {
  const broker = await joined();
  const ingest = clientOf(ingestContract, broker);
  const importing = run(cluster, 'import', [await makeAlbum(t, ALBUM)]);
  let worker: string | undefined;
  await until(async () => {
    worker = (await ingest.status({})).inWork[0]?.worker;
    return worker !== undefined;
  });
  const node = cluster.nodes.find(({ name }) => name === worker);
  node?.process.kill('SIGSTOP');
  const { done } = await ingest.status({});
  node?.process.kill('SIGKILL');
  t.ok(done < 2, `${worker} was killed with ${done} of 2 done`);

  const { out, err, code } = await importing;
  t.equal(code, 0, err);
  t.match(out, 'taken in by the workers of the cluster');
  t.match(out, '2 taken in, 0 unchanged, 0 copies, 0 refused');
  t.match(await ingest.status({}), { done: 2, waiting: 0, inWork: [] });
  await node?.restart();
});

t.test('what was imported is there once, and plays from the edge', async (t) => {
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const served: { path: string; origin: string; cache: string | undefined }[] = [];
  page.on('response', (response) => {
    const { pathname, origin } = new URL(response.url());
    if (!pathname.startsWith('/m/')) return;
    served.push({ path: pathname, origin, cache: response.headers()['x-cache'] });
  });
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await listenIn(page);
  await signUp(page, url, 'ada');
  await playAlbum(page, ALBUM.title);
  t.equal(await page.locator('.song').count(), ALBUM.songs.length, 'each song once');
  await soundsBeyond(page, 2);
  t.ok(served.length > 0);
  t.same(
    [...new Set(served.map(({ origin }) => origin))],
    [env.ANTIPHON_MEDIA_URL],
    'all of it from the edge',
  );

  const app = await openApp(url, 'ada');
  const searched = await app.ask('/search?query=coper%20tide');
  t.match(searched, { status: 200, body: { songs: { items: [{ title: 'Copper Tide' }] } } });
  const news = app.news();
  t.teardown(() => news.close());
  await page.locator('.player-bar').getByRole('button', { name: 'Like Slow Lantern' }).click();
  await until(() => news.seen.some(({ type }) => type === 'likes.changed'));
  t.pass('another device hears of a like');

  await page.locator('.player-bar .counted').waitFor();
  await goTo(page, 'History');
  await page.locator('.song .counted').waitFor();
  t.match(await historyOf(url, 'ada'), [{ counted: true }], 'one play, counted');

  t.same(complaints, [], 'the browser has nothing to complain about');
});

t.test('an operator looks into it with the REPL', async (t) => {
  const { out, err, code } = await run(cluster, 'repl', ['--exec', 'session ada', '--exec', 'parked']);
  t.equal(code, 0, err);
  t.match(out, /^node +node-[123]$/m);
  t.match(out, /^play\.counted +true$/m);
  t.match(out, /Nothing is parked\.$/m);
  const away = await run({ env: { ...env, ANTIPHON_NATS: 'nats://127.0.0.1:1' } }, 'repl', [
    '--exec',
    'users',
  ]);
  t.match(away, { code: 3, err: /nats:\/\/127\.0\.0\.1:1 lets nobody in/ });
});
