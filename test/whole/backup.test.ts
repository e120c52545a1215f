/**
 * Goal: what was acknowledged before a backup began is in it, though the service never stopped writing.
 * Method: the real service in a process of its own; listeners sign up, like and play without pause, and the
 * clock leaps so that plays count; the commands are run as a person runs them; a second service is started on
 * what was restored, and each listener logs in and finds everything.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeLibrary, PAPER_HARBOUR } from '../e2e/library.ts';
import { type RunningService, startOn } from '../e2e/service.ts';
import { PASSWORD, type Session } from './running.ts';

const root = join(import.meta.dirname, '..', '..');
const LISTENERS_BEFORE_MIN = 6;
const HEARD_MS = 30_000;
const DEADLINE_EXCEEDED = 504;
const HISTORY_TRIES_MAX = 200;

/** What the service has acknowledged to one listener. */
interface Acknowledged {
  readonly username: string;
  liked: boolean;
  playId?: string;
  counted: boolean;
}

interface Song {
  readonly songId: string;
  readonly title: string;
  readonly durationMs: number;
}

/** Each listener comes from an address of their own, so that no limit of an address is reached. */
function callerOf(service: RunningService, address: string) {
  return async function call<T>(method: string, path: string, token?: string, body?: unknown): Promise<T> {
    const response = await fetch(service.url + path, {
      method,
      headers: {
        'x-forwarded-for': address,
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // The clock leapt while it was under way: it was not done, and may be sent again.
    if (response.status === DEADLINE_EXCEEDED) return call(method, path, token, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
}

const longSong = (songs: readonly Song[]): Song =>
  songs.find(({ durationMs }) => durationMs > HEARD_MS) as Song;

async function listen(service: RunningService, n: number, acknowledged: Acknowledged[]): Promise<void> {
  const call = callerOf(service, `10.1.${n >> 8}.${n & 255}`);
  const username = `listener-${n}`;
  const { accessToken: token } = await call<Session>('POST', '/api/accounts', undefined, {
    username,
    password: PASSWORD,
  });
  const own: Acknowledged = { username, liked: false, counted: false };
  acknowledged.push(own);
  const { items } = await call<{ items: Song[] }>('GET', '/api/songs', token);
  const { songId } = longSong(items);
  await call('PUT', `/api/me/likes/${songId}`, token);
  own.liked = true;
  const { state } = await call<{ state: { current: { playId: string } } }>(
    'POST',
    '/api/me/player/play',
    token,
    {
      songIds: [songId],
    },
  );
  own.playId = state.current.playId;
  process.kill(service.pid, 'SIGUSR2');
  const report = { playId: own.playId, listenedMs: HEARD_MS, positionMs: HEARD_MS, playing: true };
  for (let tries = 0; !own.counted && tries < 50; tries++) {
    const { counted } = await call<{ counted: boolean }>('POST', '/api/me/player/progress', token, report);
    own.counted = counted;
  }
}

interface Heard {
  readonly playId: string;
  readonly counted: boolean;
}

/** The history follows the journal; `caughtUp` has no route, so it is asked until it has. */
async function historyWith(
  call: ReturnType<typeof callerOf>,
  token: string,
  isThere: (items: readonly Heard[]) => boolean,
): Promise<boolean> {
  for (let tries = 0; tries < HISTORY_TRIES_MAX; tries++) {
    const { items } = await call<{ items: Heard[] }>('GET', '/api/me/history', token);
    if (isThere(items)) return true;
  }
  return false;
}

const command = (name: string, args: readonly string[], dataDir: string) =>
  promisify(execFile)(process.execPath, [join(root, 'scripts', `${name}.ts`), ...args], {
    env: { ...process.env, ANTIPHON_DATA: dataDir },
  });

t.test('all that was acknowledged before the backup is there after the restore', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-backup-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const preload = `--import=${join(import.meta.dirname, 'leaping-clock.ts')} --disable-warning=ExperimentalWarning`;
  const env = { ANTIPHON_TRUSTED_PROXIES: '127.0.0.1', NODE_OPTIONS: preload };
  const service = await startOn(await makeLibrary([PAPER_HARBOUR]), env);
  t.teardown(() => service.stop());

  const acknowledged: Acknowledged[] = [];
  let done = false;
  const load = (async () => {
    for (let n = 0; !done; n++) await listen(service, n, acknowledged);
  })();
  load.catch(() => undefined);
  while (acknowledged.filter(({ counted }) => counted).length < LISTENERS_BEFORE_MIN) {
    await Promise.race([load, new Promise(setImmediate)]);
  }
  const before = structuredClone(acknowledged);
  const backup = join(folder, 'backup');
  const { stdout } = await command('backup', [backup, '--verify'], service.dataDir);
  t.match(stdout, /secrets\.json/, 'the secret is warned about');
  t.match(stdout, /read back/);
  t.ok(acknowledged.length > before.length, 'the service went on writing meanwhile');
  done = true;
  await load;

  await t.rejects(
    command('restore', [backup], service.dataDir),
    /not empty/,
    'the running one is left alone',
  );
  const dataDir = join(folder, 'restored');
  await command('restore', [backup, '--data', dataDir], service.dataDir);
  const restored = await startOn(dataDir, { ANTIPHON_TRUSTED_PROXIES: '127.0.0.1' });
  t.teardown(() => restored.stop());
  for (const [n, { username, liked, playId, counted }] of before.entries()) {
    const call = callerOf(restored, `10.2.0.${n}`);
    const { accessToken: token } = await call<Session>('POST', '/api/login', undefined, {
      username,
      password: PASSWORD,
    });
    t.ok(token, `${username} logs in`);
    const likes = await call<{ items: { songId: string }[] }>('GET', '/api/me/likes', token);
    if (liked) t.equal(likes.items.length, 1, 'the like is there');
    if (!playId) continue;
    const isThere = (items: readonly Heard[]): boolean =>
      items.some((each) => each.playId === playId && (each.counted || !counted));
    t.ok(await historyWith(call, token, isThere), `the play is there${counted ? ', counted' : ''}`);
  }
  const [{ username } = { username: '' }] = before;
  const call = callerOf(restored, '10.3.0.1');
  const { accessToken: token } = await call<Session>('POST', '/api/login', undefined, {
    username,
    password: PASSWORD,
  });
  const { items } = await call<{ items: Song[] }>('GET', '/api/songs', token);
  const { stream } = await call<{ stream: { hlsUrl: string } }>('POST', '/api/me/player/play', token, {
    songIds: [longSong(items).songId],
  });
  t.equal((await fetch(new URL(stream.hlsUrl, restored.url))).status, 200, 'and the song plays');
});
