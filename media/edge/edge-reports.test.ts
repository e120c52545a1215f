/**
 * Goal: whatever arrives at the port of reports costs no more than it is worth.
 * Method: datagrams over a socket; edge.engine.ts sends those of nginx itself.
 */
import { createSocket } from 'node:dgram';
import t from 'tap';
import { registry } from '../../kit/metrics.ts';
import { listenForEdgeReports } from './edge-reports.ts';

const [PLAY, SONG] = ['P'.repeat(22), 'S'.repeat(22)];
const line = {
  play: PLAY,
  song: SONG,
  file: '96/3.m4s',
  method: 'GET',
  status: 200,
  bytes: 100,
  range: '',
  cache: 'HIT',
};

t.test('what is no report of nginx is counted as lost, and makes no series of its own', async (t) => {
  const { promise: served, resolve } = Promise.withResolvers<string>();
  const library = { file: () => Promise.reject(new Error('this test asks for segments')) };
  const report = { served: (...all: unknown[]) => resolve(all.join(' ')) };
  await using reports = await listenForEdgeReports({ library, report }, { host: '127.0.0.1', port: 0 });
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const send = (text: string) =>
    new Promise((sent) => socket.send(text, reports.port, '127.0.0.1', () => sent(undefined)));
  const strange = [{ cache: 'MADE UP' }, { status: 77 }, { bytes: -1 }, { file: 'x'.repeat(41) }];
  for (const change of strange) await send(`<190>Nov 21 edge: ${JSON.stringify({ ...line, ...change })}`);
  await send('no JSON');
  await send(`<190>Nov 21 edge: ${JSON.stringify(line)}`);
  t.equal(await served, `${PLAY} ${SONG} 96 3`);
  const metrics = await registry.metrics();
  t.match(metrics, `antiphon_edge_nginx_reports_lost_total{why="malformed"} ${strange.length + 1}\n`);
  t.match(metrics, 'antiphon_edge_nginx_requests_total{result="hit",status="200"} 1\n');
  t.notMatch(metrics, /made up|"77"/);
});
