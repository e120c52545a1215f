/**
 * Goal: an operator looks into the running service with npm run repl. Method: the service and the REPL as
 * processes of their own over one data folder; a song is released over the same socket.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ServiceBroker } from 'moleculer';
import t from 'tap';
import { catalogContract } from '../../actors/catalog/contract.ts';
import { brokerOptions, NAMESPACE } from '../../infra/bus/broker-options.ts';
import { busSocketPath, LocalSocketTransporter } from '../../infra/bus/local-socket.ts';
import { clientOf } from '../../kit/client.ts';
import { idOf, release } from '../doubles/releases.ts';
import { startService } from './service.ts';

const root = join(import.meta.dirname, '..', '..');
const PASSWORD = 'four unrelated words';

function startRepl(dataDir: string, args: readonly string[]): ChildProcess {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'repl.ts'), ...args],
    { env: { ...process.env, ANTIPHON_DATA: dataDir }, stdio: 'pipe' },
  );
}

async function outcomeOf(repl: ChildProcess) {
  const exit = new Promise<number | null>((done) => repl.once('exit', done));
  const [out, err, code] = await Promise.all([
    text(repl.stdout as NodeJS.ReadableStream),
    text(repl.stderr as NodeJS.ReadableStream),
    exit,
  ]);
  return { out, err, code };
}

/** Each command as an --exec, or all of them piped in. */
function run(dataDir: string, commands: readonly string[], piped = false) {
  const repl = startRepl(dataDir, piped ? [] : commands.flatMap((command) => ['--exec', command]));
  repl.stdin?.end(piped ? commands.join('\n') : '');
  return outcomeOf(repl);
}

const emptyFolder = await mkdtemp(join(tmpdir(), 'antiphon-none-'));
t.teardown(() => rm(emptyFolder, { recursive: true }));
const service = await startService({ ANTIPHON_DEMO: 'off' });
t.teardown(() => service.stop());
const { dataDir, url } = service;

async function ask(path: string, accessToken?: string, body?: object) {
  const response = await fetch(`${url}/api${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

async function releaseSong(name: string): Promise<string> {
  const transporter = new LocalSocketTransporter({ path: busSocketPath(dataDir), role: 'spoke' });
  await transporter.open();
  const broker = new ServiceBroker(brokerOptions({ nodeId: 'label', namespace: NAMESPACE, transporter }));
  await broker.start();
  await broker.waitForServices('catalog');
  await clientOf(catalogContract, broker).release(release(name));
  await broker.stop();
  return idOf(name);
}

const songId = await releaseSong('nordlicht');
const { body: session } = await ask('/accounts', undefined, {
  username: 'Ada',
  password: PASSWORD,
  setupCode: service.setupCode,
});
const { userId = '', accessToken = '', deviceId = '' } = session;

t.test('where no service runs it is said so, with an exit code of its own', async (t) => {
  const { out, err, code } = await run(emptyFolder, ['users']);
  t.equal(code, 3);
  t.equal(out, '');
  t.match(err, `no service is running on ${emptyFolder}. Start it with npm start`);
});

t.test('a session that has not played is empty, and looking at it does not wake it', async (t) => {
  const { out, code } = await run(dataDir, ['session ada', `session ${userId}`, 'journal ada']);
  t.equal(code, 0);
  t.equal(out.match(/^resident +no$/gm)?.length, 2);
  t.match(out, /^seq +0$/m);
  t.match(out, `Nothing is journaled under player.${userId}.`);
});

t.test('a session that plays is shown, journaled, kicked and folded anew', async (t) => {
  const played = await ask('/me/player/play', accessToken, { songIds: [songId] });
  t.equal(played.status, 200, JSON.stringify(played.body));
  const resident = await run(dataDir, [
    'session ada',
    `journal player.${userId} --last 5`,
    'kick ada',
    'kick ada',
  ]);
  t.equal(resident.code, 0, resident.err);
  t.match(resident.out, /^user +ada {2}\S+$/m);
  t.match(resident.out, /^node +antiphon-1$/m);
  t.match(resident.out, /^resident +yes$/m);
  t.match(resident.out, new RegExp(`^play.songId +${songId}$`, 'm'));
  t.match(resident.out, new RegExp(`^play.deviceId +${deviceId}$`, 'm'));
  t.match(resident.out, /^play.startedAtMs +\d+ {2}\d{4}-\d\d-\d\dT[\d:.]+Z$/m);
  t.match(resident.out, /^#\d+ {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}\{$/m);
  t.match(resident.out, '"type": "playStarted"');
  t.match(
    resident.out,
    'The session of ada was dropped on antiphon-1; the next command folds the journal anew.',
  );
  t.match(resident.out, 'The session of ada was not in memory on antiphon-1.');

  const folded = await run(dataDir, ['session ada']);
  t.match(folded.out, /^resident +no$/m);
  const stateOf = (out: string) => /^play\.playId.*?^cursor[^\n]*/ms.exec(out)?.[0];
  t.ok(stateOf(folded.out));
  t.equal(stateOf(folded.out), stateOf(resident.out), 'what was journaled is what was in memory');

  const paused = await ask('/me/player/pause', accessToken, {});
  t.match(paused.body, { state: { status: 'paused', current: { songId } } });
  t.match((await run(dataDir, ['session ada'])).out, /^resident +yes$/m);

  const last = await run(dataDir, ['journal ada --last 1'], true);
  t.match(last.out, /^… older records of player\.\w+ are left out/);
  t.match(last.out, '"type": "paused"');
  t.notMatch(last.out, 'playStarted');
});

t.test('commands come from a pipe too, and one that fails says why and goes on', async (t) => {
  const commands = [
    'users a',
    '',
    'session nobody',
    'journal ada --last 1000',
    'session',
    'dance',
    'users x',
    'help',
  ];
  const { out, err, code } = await run(dataDir, commands, true);
  t.equal(code, 1);
  t.match(out, new RegExp(`^ada +${userId} +free +\\S*admin`, 'm'));
  t.match(out, 'No user is called so.');
  t.match(out, /^journal SUBJECT\|USER \[--last N\]/m);
  t.match(err, 'Nobody here is called nobody');
  t.match(err, 'last: must be <= 200');
  t.match(err, 'Use: session USER');
  t.match(err, 'There is no command dance here.');
  for (const secret of [accessToken, session.refreshToken ?? '-']) t.notOk((out + err).includes(secret));
});

t.test('exit ends a REPL that is piped to, and what follows is not run', async (t) => {
  const { out, err, code } = await run(dataDir, ['users', 'exit', 'dance'], true);
  t.equal(code, 0, err);
  t.match(out, 'ada');
});

t.test('bad use and bad settings are told apart from a service that does not run', async (t) => {
  t.match(await outcomeOf(startRepl(dataDir, ['--do', 'x'])), { code: 2, err: /Use: npm run repl/ });
  const bad = spawn(process.execPath, [join(root, 'scripts', 'repl.ts')], {
    env: { ...process.env, ANTIPHON_PORT: 'x' },
  });
  t.match(await outcomeOf(bad), { code: 2, err: /ANTIPHON_PORT/ });
});

t.test('the gateway leads nobody to an operator, not even an administrator', async (t) => {
  for (const path of [
    '/operator/session',
    '/operator.session',
    '/operator/kick',
    '/~operator/users',
    '/$node/list',
  ]) {
    for (const body of [undefined, { userId }]) {
      t.equal((await ask(path, accessToken, body)).status, 404, `${body ? 'POST' : 'GET'} ${path}`);
    }
  }
  t.notMatch(JSON.stringify((await ask('/openapi.json')).body), /operator\./);
});

t.test('the socket is open to its owner only', async (t) => {
  t.equal((await stat(busSocketPath(dataDir))).mode & 0o777, 0o600);
});

t.test('a REPL that is open when the service dies says so and ends', async (t) => {
  const repl = startRepl(dataDir, []);
  const outcome = outcomeOf(repl);
  repl.stdin?.write('users\n');
  await new Promise((done) => repl.stdout?.once('data', done));
  await service.kill();
  t.match(await outcome, { code: 1, err: 'antiphon: the service has stopped.\n' });
  t.equal((await run(dataDir, ['users'])).code, 3, 'the socket that it left behind leads nowhere');
});
