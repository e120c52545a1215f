/**
 * Goal: checking the token takes the edge in nginx less than half of its hits a second.
 * Method: the deployed configuration with everything in its cache, as it is and with its checks taken out;
 * wrk with 64 keep-alive connections on one core, nginx with one worker on the other; the better of three
 * alternating rounds each. Both write their access log and report each hit.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { startEdge } from '../../infra/local/nginx.ts';
import { freePort } from '../../infra/local/process.ts';
import { createMediaUrls } from '../../media/edge/media-urls.ts';
import type { MediaKeys } from '../../media/edge/token.ts';
import type { BenchReport } from './report.ts';
import { better, type Figures, load, rowOf, SERVER_CORE, type Server } from './wrk.ts';

const run = promisify(execFile);
const ROUNDS = 3;
/** So many that none of them reaches its limit of requests a second. */
const PLAYS = 4000;
/** As edge-server.ts has them. */
const SONG_ID = 'B'.repeat(22);
const KEYS: MediaKeys = [{ kid: '1', secret: Buffer.alloc(32, 1) }];

export default async function bench(): Promise<BenchReport> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'antiphon-edge-bench-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const origin = spawn(process.execPath, [join(import.meta.dirname, 'edge-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  opened.defer(() => void origin.kill('SIGTERM'));
  const [line] = (await once(createInterface(origin.stdout), 'line')) as [string];
  const { port, segments } = JSON.parse(line) as { port: number; segments: number };
  const paths = pathsOf(segments);

  const edges: Record<'checked' | 'plain', Server> = {
    checked: await warmEdge(join(folder, 'checked'), port, paths, opened),
    plain: await warmEdge(join(folder, 'plain'), port, paths, opened, 'without checks'),
  };
  const best: { checked?: Figures; plain?: Figures } = {};
  for (let round = 0; round < ROUNDS; round++) {
    best.plain = better(best.plain, await load(edges.plain, folder));
    best.checked = better(best.checked, await load(edges.checked, folder));
  }
  const { checked, plain } = best as { checked: Figures; plain: Figures };
  const ratio = checked.requestsPerSec / plain.requestsPerSec;
  return {
    name: 'edge-nginx',
    goal: 'hits a second with the token checked ≥ 0.5 × without, same 123 kB segments',
    measured: `${ratio.toFixed(2)} ×`,
    met: ratio >= 0.5,
    rows: [rowOf('cache hit, token checked in njs', checked), rowOf('cache hit, not checked', plain)],
  };
}

function pathsOf(segments: number): string[] {
  const urls = createMediaUrls({ keys: KEYS, baseUrl: '' });
  return Array.from({ length: PLAYS }, (_, i) =>
    urls
      .sign(
        {
          playId: String(i).padStart(22, 'P'),
          userId: 'U'.repeat(22),
          songId: SONG_ID,
          maxRung: 160,
          region: 'ZZ',
          expiresAtMs: Date.now() + 600_000,
        },
        { hasOriginal: false },
      )
      .hlsUrl.replace('master.m3u8', `160/${i % segments}.m4s`),
  );
}

/** An edge on the server's core, with every segment in its cache. */
async function warmEdge(
  folder: string,
  originPort: number,
  paths: readonly string[],
  opened: AsyncDisposableStack,
  checks: 'with checks' | 'without checks' = 'with checks',
): Promise<Server> {
  const edge = opened.use(
    await startEdge({
      folder,
      origins: [`127.0.0.1:${originPort}`],
      keys: KEYS,
      reports: `127.0.0.1:${await freePort()}`,
    }),
  );
  const workers = async () =>
    (await run('pgrep', ['-f', '-P', String(edge.pid), 'nginx: worker'])).stdout.trim().split('\n');
  if (checks === 'without checks') {
    const path = join(folder, 'nginx.conf');
    const [old] = await workers();
    const unchecked = (await readFile(path, 'utf8'))
      .replaceAll(/if \(\$media_verdict.*/g, '')
      // The log would have the verdict made all the same.
      .replace('"$media_verdict"', '""');
    await writeFile(path, unchecked);
    edge.kill('SIGHUP');
    // The old worker ends once it has nothing to answer, and the new one is alone.
    for (let now = await workers(); now.length > 1 || now[0] === old; now = await workers());
  }
  for (const path of paths.slice(0, 50)) {
    const answer = await fetch(edge.url + path);
    if (!answer.ok) throw new Error(`the edge answers ${answer.status}`);
    await answer.arrayBuffer();
  }
  const [worker = ''] = await workers();
  await run('taskset', ['-pc', SERVER_CORE, worker]);
  return { port: Number(new URL(edge.url).port), paths, pid: Number(worker) };
}
