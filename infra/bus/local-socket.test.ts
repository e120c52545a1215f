/**
 * Goal: processes of one machine make one bus over a socket that is its owner's alone. Method: real brokers
 * in one process over a real socket in a folder of their own; a killed hub is a child process.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Service, ServiceBroker } from 'moleculer';
import t, { type Test } from 'tap';
import { Type } from 'typebox';
import { BUS_FRAME_BYTES_MAX, BUS_PEER_UNREAD_BYTES_MAX } from '../../config/engine-limits.ts';
import { clientOf } from '../../kit/client.ts';
import { command, defineContract, object, query } from '../../kit/contract.ts';
import { NotFoundError, UnavailableError } from '../../kit/errors.ts';
import { serviceOf } from '../../kit/service.ts';
import { brokerOptions, NAMESPACE } from './broker-options.ts';
import {
  AlreadyRunningError,
  busSocketPath,
  LocalSocketTransporter,
  NotRunningError,
} from './local-socket.ts';
import { frameOf } from './socket-frames.ts';

const contract = defineContract({
  name: 'echo',
  actions: {
    say: query('What was said', {
      params: object({ text: Type.String() }),
      result: object({ text: Type.String(), node: Type.String() }),
    }),
    miss: command('Finds nothing', { params: object({}), result: object({}) }),
  },
});

const echoOf = (node: string, name = contract.name) =>
  serviceOf(
    { ...contract, name },
    {
      say: async ({ text }) => ({ text, node }),
      async miss() {
        throw new NotFoundError('SONG_NOT_FOUND', 'There is no such song.', { songId: 'x' });
      },
    },
  );

async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-bus-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function node(t: Test, path: string, nodeId: string, role: 'hub' | 'spoke'): Promise<ServiceBroker> {
  const transporter = new LocalSocketTransporter({ path, role });
  await transporter.open();
  const broker = new ServiceBroker(brokerOptions({ nodeId, namespace: NAMESPACE, transporter }));
  t.teardown(() => broker.stop());
  broker.createService(echoOf(nodeId, `echo-${nodeId}`));
  await broker.start();
  return broker;
}

const echoAt = async (broker: ServiceBroker, nodeId: string) => {
  const name = `echo-${nodeId}`;
  await broker.waitForServices(name, undefined, 10);
  return clientOf({ ...contract, name }, broker);
};

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

/** Most tests share one bus: a broker takes half a second to start. */
const path = busSocketPath(await folderOf(t));
const hub = await node(t, path, 'hub', 'hub');
const [one, two] = await Promise.all([node(t, path, 'one', 'spoke'), node(t, path, 'two', 'spoke')]);

t.test('hub and spokes call each other, and our errors survive', async (t) => {
  for (const [from, to] of [
    [one, 'hub'],
    [hub, 'one'],
    [one, 'two'],
    [two, 'one'],
  ] as const) {
    const echo = await echoAt(from, to);
    const text = '🎵'.repeat(100_000);
    t.strictSame(await echo.say({ text }), { text, node: to }, `${from.nodeID} calls ${to}`);
    const error = await echo.miss({}).catch((caught: unknown) => caught);
    t.ok(error instanceof NotFoundError);
    t.match(error, { code: 'SONG_NOT_FOUND', message: 'There is no such song.', data: { songId: 'x' } });
  }
});

t.test('the socket can be opened by its owner only, whatever the umask', async (t) => {
  const path = busSocketPath(join(await folderOf(t), 'data'));
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const transporter = new LocalSocketTransporter({ path, role: 'hub' });
  await transporter.open();
  t.equal(await modeOf(path), 0o600);
  t.equal(await modeOf(dirname(path)), 0o700);
  t.equal(process.umask(), 0, 'the umask is as it was');
  await transporter.disconnect();
});

t.test('a data folder whose path is too long for a socket has it in a folder of its own', async (t) => {
  const dataDir = join(await folderOf(t), 'x'.repeat(120));
  const path = busSocketPath(dataDir);
  const folder = dirname(path);
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  t.equal(dirname(folder), tmpdir());
  t.not(path, busSocketPath(`${dataDir}y`));
  const hub = new LocalSocketTransporter({ path, role: 'hub' });
  await hub.open();
  t.equal(await modeOf(path), 0o600);
  t.equal(await modeOf(folder), 0o700);

  await chmod(folder, 0o777);
  for (const role of ['hub', 'spoke'] as const) {
    const transporter = new LocalSocketTransporter({ path, role });
    await t.rejects(transporter.open(), { name: 'ForbiddenError', code: 'BUS_FOLDER_NOT_OURS' }, role);
  }
  await hub.disconnect();
});

t.test('a second hub is refused, and the first goes on', async (t) => {
  const second = new LocalSocketTransporter({ path, role: 'hub' });
  await t.rejects(second.open(), AlreadyRunningError);
  t.match(await (await echoAt(one, 'hub')).say({ text: 'a' }), { node: 'hub' });
});

t.test('a socket that a killed process left behind is cleared away', async (t) => {
  const path = busSocketPath(await folderOf(t));
  const dying = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  t.equal(spawnSync(process.execPath, ['-e', dying]).signal, 'SIGKILL');
  t.ok((await stat(path)).isSocket());
  await t.rejects(new LocalSocketTransporter({ path, role: 'spoke' }).open(), NotRunningError);
  const next = new LocalSocketTransporter({ path, role: 'hub' });
  await next.open();
  await new LocalSocketTransporter({ path, role: 'spoke' }).open();
  await next.disconnect();
});

t.test('a spoke finds no hub where there is none', async (t) => {
  const folder = await folderOf(t);
  const open = (path: string) => new LocalSocketTransporter({ path, role: 'spoke' }).open();
  await t.rejects(open(busSocketPath(folder)), NotRunningError);
  await t.rejects(open(busSocketPath(join(folder, 'none'))), NotRunningError);
  await writeFile(busSocketPath(folder), '');
  await t.rejects(open(busSocketPath(folder)), NotRunningError);
});

t.test('a peer that breaks the format is cut off, and it alone', async (t) => {
  const tooLong = Buffer.alloc(6);
  tooLong.writeUInt32BE(BUS_FRAME_BYTES_MAX + 1);
  const topicBeyondFrame = Buffer.from([0, 0, 0, 4, 0, 3, 1, 1]);
  const tooShort = Buffer.from([0, 0, 0, 1, 0, 0]);
  for (const broken of [tooLong, topicBeyondFrame, tooShort, Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
    const peer = connect(path);
    peer.resume();
    peer.on('error', () => {});
    peer.write(broken);
    await once(peer, 'close');
  }
  // Well framed, but no packet: it is passed over.
  const peer = connect(path);
  peer.write(frameOf(`MOL-${NAMESPACE}.INFO`, Buffer.from('{"broken')));
  peer.write(frameOf('none of ours', Buffer.from('x')));
  const echo = await echoAt(one, 'hub');
  t.match(await echo.say({ text: 'still there' }), { text: 'still there' });
  t.notOk(peer.destroyed);
  peer.destroy();
});

t.test('a message too large for the bus fails the call that sent it', async (t) => {
  const echo = await echoAt(two, 'hub');
  await t.rejects(echo.say({ text: 'x'.repeat(BUS_FRAME_BYTES_MAX) }), { code: 'BUS_FRAME_TOO_LARGE' });
  t.match(await echo.say({ text: 'a' }), { text: 'a' });
});

t.test('when the hub is gone the calls of a spoke fail at once and say why', async (t) => {
  const path = busSocketPath(await folderOf(t));
  const transporter = new LocalSocketTransporter({ path, role: 'hub' });
  await transporter.open();
  const hub = new ServiceBroker(brokerOptions({ nodeId: 'hub', namespace: NAMESPACE, transporter }));
  const taken = Promise.withResolvers<void>();
  const never = Promise.withResolvers<void>();
  hub.createService({
    name: 'slow',
    actions: {
      async work(this: Service) {
        taken.resolve();
        await never.promise;
      },
    },
  });
  await hub.start();
  const spoke = await node(t, path, 'spoke', 'spoke');
  const told = new Promise((resolve) => spoke.localBus.once('$transporter.disconnected', resolve));
  await spoke.waitForServices('slow', undefined, 10);
  const pending = spoke.call('slow.work');
  await taken.promise;
  // As a crash does it: without a word of leave.
  await transporter.disconnect();
  const gone = { name: 'UnavailableError', code: 'SERVICE_STOPPED' };
  await t.rejects(pending, gone);
  t.strictSame(await told, { graceFul: false });
  const later = await spoke.call('slow.work').catch((caught: unknown) => caught);
  t.ok(later instanceof UnavailableError);
  t.match(later, gone);
  never.resolve();
  await hub.stop();
  await t.rejects(stat(path), { code: 'ENOENT' }, 'the socket is taken away');
});

t.test('a peer that does not read is cut off before it fills the memory', async (t) => {
  const path = busSocketPath(await folderOf(t));
  const hub = new LocalSocketTransporter({ path, role: 'hub' });
  await hub.open();
  t.teardown(() => hub.disconnect());
  const peer = connect(path);
  await once(peer, 'connect');
  peer.pause();
  const frames = Math.ceil(BUS_PEER_UNREAD_BYTES_MAX / BUS_FRAME_BYTES_MAX) + 2;
  for (let i = 0; i < frames; i++) await hub.send('topic', Buffer.alloc(BUS_FRAME_BYTES_MAX - 100));
  peer.resume();
  await once(peer, 'close');
  t.ok(peer.bytesRead < (frames - 1) * BUS_FRAME_BYTES_MAX, 'the last ones were not sent');
});

t.test('a hub stops although a peer does not read', async (t) => {
  const path = busSocketPath(await folderOf(t));
  const hub = new LocalSocketTransporter({ path, role: 'hub' });
  await hub.open();
  const peer = connect(path);
  await once(peer, 'connect');
  peer.pause();
  await hub.disconnect();
  await t.rejects(stat(path), { code: 'ENOENT' });
  peer.destroy();
});
