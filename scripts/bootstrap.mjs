// The one file that runs on whatever Node the machine has (20 or later): it installs what is missing,
// Node 24 included, and hands over to the TypeScript command. Everything else runs on Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.antiphon-installed.json');
const node24 = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Commands that a person who only listens needs come without the development tools. */
const needsDevelopmentTools = {
  start: false,
  import: false,
  backup: false,
  restore: false,
  repl: false,
  migrate: false,
  cluster: false,
  test: true,
  bench: true,
  chaos: true,
  check: true,
  'check-deploy': true,
  replay: true,
  screenshots: true,
};

const say = (text) => process.stderr.write(`antiphon: ${text}\n`);
function fail(text) {
  say(text);
  process.exit(1);
}

const [command, ...args] = process.argv.slice(2);
if (!Object.hasOwn(needsDevelopmentTools, command ?? '')) {
  fail(`unknown command ${command}; there are: ${Object.keys(needsDevelopmentTools).join(', ')}`);
}
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node 20 or later is needed, this is ${process.version}.`);

function installed() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return {};
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const installing = join(root, '.antiphon-installing');
const EMPTY_LOOKS_MAX = 10;

/** One install at a time in a checkout. Resolves with whether an earlier one was cut short. */
async function takeTurn() {
  let cutShort = false;
  let told = false;
  for (let emptyLooks = 0; ; ) {
    try {
      writeFileSync(installing, String(process.pid), { flag: 'wx' });
      return cutShort;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const pid = existsSync(installing) ? Number(readFileSync(installing, 'utf8')) : 0;
    if (pid > 0 ? isAlive(pid) : emptyLooks++ < EMPTY_LOOKS_MAX) {
      if (!told && pid > 0) say('another command is installing; waiting for it …');
      told = true;
      await sleep(500);
    } else {
      cutShort = true;
      rmSync(installing, { force: true });
    }
  }
}

/** Runs npm in a group of its own, so that Ctrl-C ends all of it. Resolves with its exit code. */
async function npmInstall(dev) {
  // Not `npm ci`: it refuses a lock file that lacks another platform's optional binaries, which npm itself
  // leaves out when it writes the file on a machine where they cannot be had. Versions are the lock's.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawn('npm', dev ? args : [...args, '--omit=dev'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: process.platform !== 'win32',
    shell: process.platform === 'win32',
  });
  let stopped = false;
  const kill = (signal) => process.kill(process.platform === 'win32' ? npm.pid : -npm.pid, signal);
  const stop = () => {
    stopped = true;
    say('stopping the install …');
    kill('SIGTERM');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.once(signal, stop);
  const startedMs = Date.now();
  const tick = setInterval(
    () => say(`… installing, ${Math.round((Date.now() - startedMs) / 1000)} s`),
    10_000,
  );
  const code = await new Promise((done) => {
    npm.on('error', () => done(127));
    npm.on('exit', done);
  });
  clearInterval(tick);
  for (const signal of signals) process.removeListener(signal, stop);
  if (stopped) {
    // npm has cleaned up by now; what it had started must not write on behind the next install.
    try {
      kill('SIGKILL');
    } catch {}
    fail('the install was stopped; the next command begins it anew.');
  }
  return code;
}

async function install(dev) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const isInstalled = () => {
    const before = installed();
    return before.lock === lock && (before.dev || !dev) && existsSync(node24);
  };
  if (isInstalled()) return;
  const cutShort = await takeTurn();
  if (cutShort) {
    say('an earlier install was cut short; beginning anew …');
    rmSync(modules, { recursive: true, force: true });
  }
  if (!isInstalled()) await installNow(lock, dev);
  rmSync(installing, { force: true });
}

async function installNow(lock, dev) {
  say(
    `installing ${dev ? 'dependencies and development tools' : 'dependencies'} (Node 24 among them); once, about a minute …`,
  );
  const startedMs = Date.now();
  const code = await npmInstall(dev);
  if (code !== 0) {
    fail(
      `npm install failed (exit ${code}). If the npm registry could not be reached, run it again later; the next command begins the install anew.`,
    );
  }
  if (!existsSync(node24)) {
    fail(
      'npm did not put Node 24 into node_modules: its install scripts are switched off. Allow them (npm config set ignore-scripts false) and run this again.',
    );
  }
  if (dev) {
    // tap compiles its plugin list once; ours leaves its TypeScript plugin out, since Node runs .ts itself.
    const tap = join(modules, 'tap', 'dist', 'esm', 'run.mjs');
    const built = spawnSync(node24, [tap, 'build'], { cwd: root, encoding: 'utf8' });
    if (built.status !== 0) fail(`tap build failed: ${built.stderr}`);
  }
  writeFileSync(stampFile, JSON.stringify({ lock, dev }));
  say(`installed in ${Math.round((Date.now() - startedMs) / 1000)} s`);
}

/** Reading thousands of files leaves waste: a small nursery is emptied often instead of growing. */
const nodeFlags = { import: ['--max-semi-space-size=4', '--max-old-space-size=256'] };

// Development tools that are there already stay: installing without them would take them away.
await install(needsDevelopmentTools[command] || existsSync(join(modules, 'typescript')));

const child = spawn(
  node24,
  [
    '--disable-warning=ExperimentalWarning',
    ...(nodeFlags[command] ?? []),
    join(root, 'scripts', `${command}.ts`),
    ...args,
  ],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      PATH: `${join(modules, 'node', 'bin')}:${join(modules, '.bin')}:${process.env.PATH}`,
    },
  },
);
// The terminal sends Ctrl-C to the whole group; the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
