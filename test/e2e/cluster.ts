/** A cluster with some music, and what its operator does to it. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { PLAYER_STREAM } from '../../actors/player-session/contract.ts';
import type { Role } from '../../config/settings.ts';
import { NAMESPACE } from '../../infra/bus/broker-options.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../../infra/local/cluster.ts';
import type { LocalNatsServer } from '../../infra/local/nats.ts';
import { type LocalService, startService } from '../../infra/local/service.ts';
import { journalNames } from '../../infra/nats/journal-names.ts';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';

const root = join(import.meta.dirname, '..', '..');
const SAMPLE_RATE = 44_100;
const LOOK_EVERY_MS = 50;
const PASSWORD = 'correct horse battery';

/** Without demo music; it ends with the test. */
export async function openCluster(t: Test, options: Omit<ClusterOptions, 'folder'>): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-cluster-'));
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const env = { ANTIPHON_DEMO: 'off', ANTIPHON_LOG_LEVEL: 'warn', ...options.env };
  const cluster = await startCluster({ ...options, folder, env });
  t.teardown(() => cluster[Symbol.asyncDispose]());
  return cluster;
}

/** A further process of the cluster that hosts one role alone. */
export async function startPart(t: Test, { env }: Cluster, role: Role): Promise<LocalService> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-part-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const part = await startService({ name: role, roles: [role], env: { ...env, ANTIPHON_DATA: folder } });
  t.teardown(() => part[Symbol.asyncDispose]());
  return part;
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(LOOK_EVERY_MS);
}

/** One album as files with tags. @returns the folder; it ends with the test. */
export async function makeAlbum(
  t: Test,
  {
    title,
    artist,
    songs,
  }: { title: string; artist: string; songs: readonly (readonly [title: string, seconds: number])[] },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-music-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const ffmpeg = await findFfmpeg();
  for (const [index, [song, seconds]] of songs.entries()) {
    await makeMusic(ffmpeg, folder, `${index + 1}.flac`, {
      samples: seconds * SAMPLE_RATE,
      seed: index + 1,
      tags: { title: song, artist, album: title, track: String(index + 1), genre: 'Folk' },
    });
  }
  return folder;
}

/** An operator's command, joined to the cluster. */
export async function run(
  { env }: Pick<Cluster, 'env'>,
  script: 'repl' | 'import',
  args: readonly string[],
): Promise<{ out: string; err: string; code: number | null }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'scripts', `${script}.ts`), ...args],
    { env: { ...process.env, ...env, ANTIPHON_LOG_LEVEL: 'error' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exit = new Promise<number | null>((done) => child.once('exit', done));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { out, err, code };
}

/** The node that the player session of a user lives on. */
export async function nodeOf(cluster: Cluster, username: string): Promise<Cluster['nodes'][number]> {
  const { out, err } = await run(cluster, 'repl', ['--exec', `session ${username}`]);
  const name = /^node\s+(\S+)/m.exec(out)?.[1];
  const found = cluster.nodes.find((node) => node.name === name);
  if (!found) throw new Error(`no node holds the session of ${username}: ${out}${err}`);
  return found;
}

export interface App {
  /** The status, how long the answer took, and what it was. */
  ask(path: string, body?: object): Promise<{ status: number; tookMs: number; body: never }>;
  /** Topics' messages as they arrive, from now on, over a socket that comes back by itself. */
  news(): { readonly seen: { readonly type: string }[]; close(): void };
}

/** Another device of a listener, without a page. */
export async function openApp(url: string, username: string): Promise<App> {
  let token = '';
  const ask: App['ask'] = async (path, body) => {
    const startedMs = performance.now();
    const response = await fetch(`${url}/api${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        ...(body && { 'Content-Type': 'application/json' }),
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as never;
    return { status: response.status, tookMs: Math.round(performance.now() - startedMs), body: answer };
  };
  const { body } = await ask('/login', { username, password: PASSWORD, deviceName: 'app' });
  token = (body as { accessToken: string }).accessToken;
  return {
    ask,
    news() {
      const seen: { type: string }[] = [];
      let socket: WebSocket | undefined;
      let closed = false;
      const connect = (): void => {
        socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/ws`);
        socket.onopen = () => socket?.send(JSON.stringify({ t: 'hello', token }));
        socket.onmessage = ({ data }) => {
          const message = JSON.parse(String(data)) as { t: string; data?: { type: string } };
          if (message.t === 'ping') socket?.send(JSON.stringify({ t: 'pong' }));
          if (message.t === 'event' && message.data) seen.push(message.data);
        };
        socket.onclose = () => {
          if (!closed) setTimeout(connect, 250);
        };
        socket.onerror = () => undefined;
      };
      connect();
      return {
        seen,
        close() {
          closed = true;
          socket?.close();
        },
      };
    },
  };
}

const monitored = async <T>({ monitorUrl }: LocalNatsServer, path: string): Promise<T> =>
  (await (await fetch(`${monitorUrl}${path}`)).json()) as T;

/** The server to which a connection of this name goes, such as `gateway bus`. */
export async function serverOf({ nats }: Cluster, connection: string): Promise<LocalNatsServer> {
  for (const server of nats?.servers ?? []) {
    const { connections } = await monitored<{ connections: { name?: string }[] }>(server, '/connz');
    if (connections.some(({ name }) => name === connection)) return server;
  }
  throw new Error(`nobody called ${connection} is connected to NATS`);
}

interface Jsz {
  readonly account_details?: {
    readonly stream_detail?: { readonly name: string; readonly cluster?: { readonly leader?: string } }[];
  }[];
}

/** The server that leads the journal stream of a player session; waits while there is none. */
export async function leaderOf({ nats }: Cluster, userId: string): Promise<LocalNatsServer> {
  const [first] = nats?.servers ?? [];
  if (!nats || !first) throw new Error('NATS is somebody else’s');
  let leader: string | undefined;
  await until(async () => {
    const { account_details: accounts = [] } = await monitored<Jsz>(first, '/jsz?streams=true');
    const shards = accounts
      .flatMap(({ stream_detail: streams = [] }) => streams)
      .filter(({ name }) => /^antiphon-journal-player-\d+$/.test(name));
    const { shardOf, shardStream } = journalNames(NAMESPACE, shards.length);
    const wanted = shardStream(PLAYER_STREAM, shardOf(`${PLAYER_STREAM}.${userId}`));
    leader = shards.find(({ name }) => name === wanted)?.cluster?.leader;
    return Boolean(leader);
  });
  return nats.server(leader ?? '');
}
