/**
 * Goal: the edge of one process is at least half as fast as nginx serving the same bytes from files.
 * Method: wrk with 64 keep-alive connections on one core, one server at a time on the other; requests a
 * second and the server's CPU time a request, the better of three alternating rounds each.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { BenchReport } from './report.ts';
import { better, type Figures, load, rowOf, SERVER_CORE, type Server } from './wrk.ts';

const run = promisify(execFile);
const ROUNDS = 3;

export default async function bench(): Promise<BenchReport> {
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-edge-bench-'));
  const started: ChildProcess[] = [];
  try {
    const edge = await startEdge(started);
    const nginx = await startNginx(edge, folder, started);
    const best: { edge?: Figures; nginx?: Figures } = {};
    for (let round = 0; round < ROUNDS; round++) {
      best.nginx = better(best.nginx, await load(nginx, folder));
      best.edge = better(best.edge, await load(edge, folder));
    }
    return reportOf(best.edge as Figures, best.nginx as Figures);
  } finally {
    for (const child of started) child.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
}

function reportOf(edge: Figures, nginx: Figures): BenchReport {
  const ratio = edge.requestsPerSec / nginx.requestsPerSec;
  return {
    name: 'edge',
    goal: 'requests a second ≥ 0.5 × nginx with sendfile, same 123 kB segments',
    measured: `${ratio.toFixed(2)} ×`,
    met: ratio >= 0.5,
    rows: [
      rowOf('edge (token checked, encrypted segments from memory)', edge),
      rowOf('nginx (sendfile)', nginx),
    ],
  };
}

function pinned(
  core: string,
  program: string,
  args: readonly string[],
  started: ChildProcess[],
): ChildProcess {
  const child = spawn('taskset', ['-c', core, program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

async function startEdge(started: ChildProcess[]): Promise<Server> {
  const program = join(import.meta.dirname, 'edge-server.ts');
  const child = pinned(SERVER_CORE, process.execPath, [program], started);
  if (!child.stdout || child.pid === undefined)
    throw new Error('taskset is needed: apt-get install util-linux');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { port, plays, segments } = JSON.parse(line) as { port: number; plays: string[]; segments: number };
  const paths = plays.flatMap((play, i) => [
    `${play}${i % segments}.m4s`,
    `${play}${(i * 7) % segments}.m4s`,
  ]);
  return { port, paths, pid: child.pid };
}

/** Serves the segments as the edge gave them, from files. */
async function startNginx(edge: Server, folder: string, started: ChildProcess[]): Promise<Server> {
  const names = new Map<string, string>();
  for (const path of edge.paths) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (names.has(name)) continue;
    names.set(name, path);
    const answer = await fetch(`http://127.0.0.1:${edge.port}${path}`);
    await writeFile(join(folder, name), Buffer.from(await answer.arrayBuffer()));
  }
  const port = await freePort();
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; sendfile on; tcp_nopush off; keepalive_requests 1000000; open_file_cache max=1000;
  client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3;
  uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
${process.getuid?.() === 0 ? 'user root;' : ''}
`,
  );
  const child = pinned(SERVER_CORE, 'nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], started);
  const paths = edge.paths.map((path) => path.slice(path.lastIndexOf('/')));
  while (!(await answers(port, paths[0] ?? '/'))) {
    if (child.exitCode !== null) throw new Error('nginx is needed: apt-get install nginx');
  }
  const workers = await run('pgrep', ['-P', String(child.pid)]);
  return { port, paths, pid: Number(workers.stdout.trim()) };
}

const answers = async (port: number, path: string): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}${path}`)).ok;
  } catch {
    return false;
  }
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}
