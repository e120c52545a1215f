/**
 * Goal: a program run on hostile input cannot take more than it was given.
 * Method: run small programs that try.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type ContainedLimits, runContained, startWaiting, tailOf } from './contained.ts';

const MIB = 1024 ** 2;
const limits: ContainedLimits = {
  wallMs: 20_000,
  memoryBytes: 256 * MIB,
  outputFileBytes: MIB,
  logBytes: 1024,
};
const shell = (script: string, overrides: Partial<ContainedLimits> = {}, signal?: AbortSignal) =>
  runContained('/bin/sh', ['-c', script], { ...limits, ...overrides }, signal);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Waits until the process is gone: the kernel reaps it in its own time. */
async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}

t.test('a program that ends in time gives its output and its exit code', async (t) => {
  const run = await shell('echo out; echo err >&2; exit 3');
  t.same(run, { exitCode: 3, stdout: 'out\n', stderr: 'err\n', timedOut: false });
});

t.test('one that does not is killed with its children', async (t) => {
  const run = await shell('sh -c "echo \\$\\$; while :; do :; done" & wait', { wallMs: 300 });
  t.equal(run.timedOut, true);
  await untilGone(Number(run.stdout));
  t.not(isAlive(Number(run.stdout)), true);
});

t.test('an abort kills it, and is the error', async (t) => {
  const abort = new AbortController();
  const running = shell('while :; do :; done', {}, abort.signal);
  abort.abort(new Error('enough'));
  await t.rejects(running, { message: 'enough' });
  await t.rejects(shell('exit 0', {}, abort.signal), { message: 'enough' });
});

t.test('it cannot fill the disk', async (t) => {
  const file = join(t.testdir(), 'out');
  const run = await shell(`head -c ${20 * MIB} /dev/zero > "${file}"`);
  t.not(run.exitCode, 0);
  t.ok((await stat(file)).size <= MIB);
});

t.test('it cannot take all memory', { skip: process.platform !== 'linux' }, async (t) => {
  const greedy = `head -c ${200 * MIB} /dev/zero | tail -c ${200 * MIB} > /dev/null`;
  t.equal((await shell(greedy, { memoryBytes: 1024 * MIB })).exitCode, 0, 'it runs where it may');
  t.not((await shell(greedy, { memoryBytes: 64 * MIB })).exitCode, 0);
});

t.test('it sees nothing of our environment, and no input', async (t) => {
  process.env.SECRET_OF_THE_SERVICE = 'hidden';
  t.teardown(() => delete process.env.SECRET_OF_THE_SERVICE);
  const run = await shell('env; cat', { logBytes: MIB });
  t.match(run.stdout, /^PATH=/m);
  t.notMatch(run.stdout, /SECRET|hidden/);
});

t.test('of endless output the end is kept', async (t) => {
  const run = await shell(`head -c ${5 * MIB} /dev/zero | tr '\\0' x; echo end`);
  t.equal(run.stdout.length, limits.logBytes);
  t.match(run.stdout, /xend\n$/);
});

t.test('a program that is not there is an error', async (t) => {
  const run = await runContained('/nowhere/ffmpeg', [], limits);
  t.equal(run.exitCode, 127, 'told by the shell');
});

t.test(
  'a process that waits becomes what it is told, or ends',
  { skip: process.platform === 'win32' },
  async (t) => {
    const waiting = startWaiting(limits);
    const args = ["it's", 'two\nlines', '$(echo no)', '', '*'];
    const running = waiting.become('/usr/bin/printf', ['<%s>', ...args]);
    t.equal(await tailOf(running.stdout, 1024), args.map((arg) => `<${arg}>`).join(''));
    t.equal(await running.exit, 0);
    t.equal(waiting.isAlive, false);

    const killed = startWaiting(limits).become('/bin/sleep', ['60']);
    killed.signal('SIGKILL');
    t.equal(await killed.exit, null);

    const unused = startWaiting(limits);
    unused.end();
    while (unused.isAlive) await new Promise((resolve) => setImmediate(resolve));
  },
);
