/**
 * npm run cluster [-- --data FOLDER] [--nodes N]: the service as it runs at scale, on this machine: three NATS
 * servers, Cassandra, Redis, S3, three actor nodes, a gateway, an origin and an edge, with one log.
 *
 * Engines whose addresses are set (ANTIPHON_NATS, ANTIPHON_CASSANDRA, ANTIPHON_REDIS, ANTIPHON_S3) are used as
 * they are. Exit code 1 when a part did not come up, 2 for a wrong call.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { type Cluster, startCluster } from '../infra/local/cluster.ts';
import { accepts } from '../infra/local/process.ts';

const USAGE = 'usage: npm run cluster [-- --data FOLDER] [--nodes N]';
const { ANTIPHON_DATA, ANTIPHON_PORT } = process.env;
/** Beside what a service of its own keeps in its data folder. */
const FOLDER = ANTIPHON_DATA ? join(ANTIPHON_DATA, 'cluster') : 'data-cluster';
const COLORS = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;
const NAME_WIDTH = 9;
const NODES_MAX = 16;

const say = (text = '') => process.stdout.write(`${text}\n`);

function fail(exitCode: number, text: string): never {
  process.stderr.write(`antiphon: ${text}\n`);
  process.exit(exitCode);
}

function readCall(): { folder: string; nodes: number; port: number } {
  const { values } = parseArgs({
    options: { data: { type: 'string', default: FOLDER }, nodes: { type: 'string', default: '3' } },
  });
  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) throw new Error(`1 to ${NODES_MAX} nodes`);
  const port = Number(ANTIPHON_PORT || 4600);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('ANTIPHON_PORT is a port number');
  return { folder: resolve(values.data), nodes, port };
}

/** Settings for all processes; what belongs to one process alone is the cluster's to set. */
function givenEnv(): Record<string, string> {
  const ofOne = ['ANTIPHON_DATA', 'ANTIPHON_HOST', 'ANTIPHON_PORT', 'ANTIPHON_NODE_ID', 'ANTIPHON_ROLES'];
  const given = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[0].startsWith('ANTIPHON_') && !ofOne.includes(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(given);
}

const OURS = /^(node-\d+|gateway|origin)$/;
/** What infra/local/process.ts tells of each part. */
const LIFE = /^(started, pid \d+|has ended \(\w+\))$/;
const ENGINE_TROUBLE = /\b(ERR|FTL|ERROR|FATAL|emerg|crit|alert)\b|\[error\]/;
/** Nodes that look for one another before all of them are up. */
const ENGINE_NOISE = /connection refused|setrlimit/i;

/** The line as the log view shows it, or undefined when only the file needs it. */
function shown(line: string, name: string): string | undefined {
  if (LIFE.test(line)) return stopping ? undefined : line;
  if (!OURS.test(name)) return ENGINE_TROUBLE.test(line) && !ENGINE_NOISE.test(line) ? line : undefined;
  if (!line.startsWith('{')) return /demo music|could not/.test(line) ? line.trim() : undefined;
  try {
    const { level, time, subsystem, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
    const more = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    const cause = (err as { message?: string } | undefined)?.message;
    const words = [String(time).slice(11, 23), String(level), subsystem, msg, ...more, cause && `(${cause})`];
    return words.filter(Boolean).join(' ');
  } catch {
    return line;
  }
}

function logView(file: string): (line: string, name: string) => void {
  const all = createWriteStream(file, { flags: 'a', mode: 0o600 });
  const colors = new Map<string, (typeof COLORS)[number]>();
  return (line, name) => {
    all.write(`${name.padEnd(NAME_WIDTH)} ${line}\n`);
    const text = shown(line, name);
    if (text === undefined) return;
    const color = colors.get(name) ?? COLORS[colors.size % COLORS.length] ?? 'cyan';
    colors.set(name, color);
    say(`${styleText(color, name.padEnd(NAME_WIDTH))} ${text}`);
  };
}

/** With these settings further commands join: the operators' REPL, imports, one more node. */
async function writeSettings(file: string, env: Cluster['env']): Promise<void> {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

function tell(
  { url, edge, env }: Cluster,
  { folder, settings, setupCode }: { folder: string; settings: string; setupCode: string | undefined },
): void {
  say();
  say(`  Antiphon's cluster is ready at ${url}`);
  if (setupCode) say(`  Make the administrator:  ${url}/?code=${setupCode}`);
  say(`  sound from ${env.ANTIPHON_MEDIA_URL}${edge ? ' (nginx)' : ' (no nginx with njs here)'}`);
  say(`  data, and all logs: ${folder}`);
  say(`  join it: (set -a; . ${settings}; npm run repl), or npm run import -- FOLDER`);
  say('  (Ctrl-C stops everything; kill a process by its pid, told above, to see the others go on)');
  say();
}

const call = (() => {
  try {
    return readCall();
  } catch (error) {
    return fail(2, `${(error as Error).message}. ${USAGE}`);
  }
})();
if (await accepts('127.0.0.1', call.port)) {
  fail(1, `port ${call.port} is in use; stop what listens there, or choose another with ANTIPHON_PORT`);
}
await mkdir(call.folder, { recursive: true, mode: 0o700 });
let setupCode: string | undefined;
const view = logView(join(call.folder, 'cluster.log'));
let cluster: Cluster | undefined;
let stopping: Promise<void> | undefined;
const stop = (): Promise<void> => {
  if (stopping) process.exit(1);
  stopping = (async () => {
    say('antiphon: stopping …');
    await cluster?.[Symbol.asyncDispose]();
    process.exit(0);
  })();
  return stopping;
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void stop().catch((error: unknown) => fail(1, String(error))));
}
try {
  cluster = await startCluster({
    ...call,
    env: givenEnv(),
    onLine(line, name) {
      setupCode ??= /\?code=([\w-]+)/.exec(line)?.[1];
      view(line, name);
    },
    onStep: (step) => say(`antiphon: ${step} …`),
  });
  const settings = join(call.folder, 'settings.env');
  await writeSettings(settings, cluster.env);
  tell(cluster, { folder: call.folder, settings, setupCode });
} catch (error) {
  if (!stopping) fail(1, `the cluster did not come up: ${(error as Error).message}`);
}
