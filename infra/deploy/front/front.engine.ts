/**
 * Goal: what the browser asks of the compose deployment's door reaches gateway and edge by TLS, and Prometheus
 * answers only who belongs to the deployment. Method: the deployment's own files and secrets; nginx, Prometheus
 * and stand-ins for gateway and origin as processes of this machine.
 */
import { createServer, type ServerOptions } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { keyFor } from '../../../config/secrets.ts';
import { systemIds } from '../../../kit/sources.ts';
import { type MediaKey, signToken } from '../../../media/edge/token.ts';
import { startEdge } from '../../local/nginx.ts';
import { freePort } from '../../local/process.ts';
import { findProgram } from '../../local/tools.ts';
import { ask, deployed, start } from '../testing/deployed.ts';

const { folder, secrets, secret, tlsOf, localCopy } = await deployed(t);
const ours = await tlsOf('antiphon');
const AWAY = '/96/7.m4s';

/** Answers with its name and what it was asked, unless it is away to this one. */
async function standIn(name: string, isAway = (_url: string) => false): Promise<number> {
  const options: ServerOptions = { cert: ours.cert, key: ours.key };
  const server = createServer(options, (req, res) => {
    if (isAway(req.url ?? '')) return void res.writeHead(503).end();
    res.setHeader('Cache-Control', 'public, max-age=60');
    res.end(`${name} ${req.url} for ${req.headers['x-forwarded-for']} at ${req.headers.host}`);
  });
  server.on('upgrade', (_req, socket) =>
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello'),
  );
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  t.teardown(() => server.close());
  return port;
}

const [gateway, origin] = await Promise.all([
  standIn('gateway'),
  standIn('origin', (url) => url.endsWith(AWAY)),
]);
const edgePort = await freePort();
const mediaKey: MediaKey = {
  kid: '1',
  secret: keyFor(await secret('antiphon', 'master-secret'), 'media-url'),
};
const edge = await startEdge({
  folder: join(folder, 'edge'),
  origins: [`127.0.0.1:${origin}`],
  keys: [mediaKey],
  reports: '127.0.0.1:9',
  tls: {
    port: edgePort,
    cert: join(secrets, 'edge', 'cert.pem'),
    key: join(secrets, 'edge', 'key.pem'),
  },
  originTls: { ca: join(secrets, 'edge', 'ca.pem'), name: 'edge-origin' },
});
t.teardown(() => edge[Symbol.asyncDispose]());

t.test('the door sends media to the edge and all else to the gateway, by TLS', async (t) => {
  const nginx = await findProgram('nginx');
  if (!nginx) throw new Error('nginx is needed: install it.');
  const [port, grafana, live] = await Promise.all([freePort(), freePort(), freePort()]);
  const config = await localCopy(t, 'front/nginx.conf', 'front.conf', {
    'listen 8080': `listen 127.0.0.1:${port}`,
    'listen 8081': `listen 127.0.0.1:${grafana}`,
    'listen 127.0.0.1:8082': `listen 127.0.0.1:${live}`,
    'gateway gateway:4600': `gateway 127.0.0.1:${gateway}`,
    'edge edge:8443': `edge 127.0.0.1:${edgePort}`,
    '/tmp/': `${folder}/front-`,
    '/run/secrets/edge': join(secrets, 'edge'),
  });
  await start(t, {
    name: 'front',
    command: nginx,
    args: ['-e', 'stderr', '-c', config, '-g', 'daemon off; user root;'],
    ready: async () => (await fetch(`http://127.0.0.1:${live}/live`)).ok,
  });
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string) => {
    const response = await fetch(url + path);
    return { status: response.status, body: await response.text(), cache: response.headers.get('x-cache') };
  };
  t.match(await get('/api/v1/me?a=b'), {
    status: 200,
    body: `gateway /api/v1/me?a=b for 127.0.0.1 at 127.0.0.1:${port}`,
  });
  t.match(await get('/metrics'), { status: 404 }, 'metrics are not for those outside');

  const song = systemIds.next();
  const token = signToken(mediaKey, song, {
    expiresAtMs: Date.now() + 60_000,
    playId: systemIds.next(),
    userId: systemIds.next(),
    maxRung: 160,
    region: 'ZZ',
  });
  const segment = `/m/${token}/${song}/96/0.m4s`;
  t.match(await get(segment), { status: 200, body: `origin ${segment}`, cache: 'MISS' });
  t.match(await get(segment), { status: 200, cache: 'HIT' });
  t.match(await get(segment.replace('/96/', '/320/')), { status: 403 });
  const away = segment.replace('/96/0.m4s', AWAY);
  t.match(await get(away), { status: 200, body: `gateway ${away}` }, 'without the origin there is sound');

  await edge[Symbol.asyncDispose]();
  const another = segment.replace('/0.m4s', '/1.m4s');
  t.match(await get(another), { status: 200, body: `gateway ${another}` }, 'without the edge there is sound');

  const socket = connect(port, '127.0.0.1');
  socket.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const upgraded = await text(socket);
  t.match(upgraded, /101 Switching Protocols.*hello/s, 'sockets go through');
});

t.test('an edge refuses an origin whose certificate is not of this deployment', async (t) => {
  const other = await deployed(t);
  await using strict = await startEdge({
    folder: join(folder, 'strict-edge'),
    origins: [`127.0.0.1:${origin}`],
    keys: [mediaKey],
    reports: '127.0.0.1:9',
    originTls: { ca: join(other.secrets, 'edge', 'ca.pem'), name: 'edge-origin' },
  });
  const cover = `/c/${systemIds.next()}/300.webp`;
  t.equal((await fetch(strict.url + cover)).status, 503);
  await using trusting = await startEdge({
    folder: join(folder, 'trusting-edge'),
    origins: [`127.0.0.1:${origin}`],
    keys: [mediaKey],
    reports: '127.0.0.1:9',
    originTls: { ca: join(secrets, 'edge', 'ca.pem'), name: 'edge-origin' },
  });
  t.equal((await fetch(trusting.url + cover)).status, 200, 'the one of ours is taken');
});

t.test(
  'Prometheus reads its files, and answers only who shows a certificate of the deployment',
  async (t) => {
    const prometheus = await findProgram('prometheus');
    if (!prometheus) throw new Error('prometheus is needed: install it.');
    const port = await freePort();
    const monitoring = { '/run/secrets/monitoring': join(secrets, 'monitoring') };
    const [web, config] = await Promise.all([
      localCopy(t, 'prometheus/web.yml', 'web.yml', monitoring),
      localCopy(t, 'prometheus/prometheus.yml', 'prometheus.yml', {
        ...monitoring,
        '/etc/prometheus/rules': join(import.meta.dirname, '../prometheus/rules'),
        'prometheus:9090': `localhost:${port}`,
      }),
    ]);
    const insider = await tlsOf('monitoring');
    await start(t, {
      name: 'prometheus',
      command: prometheus,
      args: [
        `--config.file=${config}`,
        `--web.config.file=${web}`,
        `--storage.tsdb.path=${join(folder, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      ready: async () => (await ask(port, '/-/ready', insider)).status === 200,
    });
    const grafana = await tlsOf('grafana');
    t.match(JSON.parse((await ask(port, '/api/v1/rules', grafana)).body), { status: 'success' });
    await t.rejects(ask(port, '/-/healthy', { ca: insider.ca }), 'a client without a certificate');
    const stranger = await (await deployed(t)).tlsOf('grafana');
    await t.rejects(ask(port, '/-/healthy', { ...stranger, ca: insider.ca }), 'one of another deployment');
  },
);
