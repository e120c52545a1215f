/** Load by wrk on one core, on a server that has the other one to itself. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { usageOf } from './usage.ts';

const run = promisify(execFile);
const CLIENT_CORE = '0';
export const SERVER_CORE = '1';
const CONNECTIONS = '64';
const SECONDS = '3';

export interface Server {
  readonly port: number;
  readonly paths: readonly string[];
  /** The process that does the work. */
  readonly pid: number;
}

export interface Figures {
  readonly requestsPerSec: number;
  readonly cpuUsPerRequest: number;
}

export const better = (before: Figures | undefined, now: Figures): Figures =>
  before && before.requestsPerSec > now.requestsPerSec ? before : now;

export const rowOf = (name: string, { requestsPerSec, cpuUsPerRequest }: Figures) =>
  [name, `${Math.round(requestsPerSec)} requests/s, ${cpuUsPerRequest.toFixed(0)} µs CPU a request`] as const;

/** @throws Error when any request failed */
export async function load({ port, paths, pid }: Server, folder: string): Promise<Figures> {
  const script = join(folder, 'paths.lua');
  await writeFile(
    script,
    `local paths = {${paths.map((path) => `"${path}"`).join(',')}}
local i = 0
request = function() i = i % #paths + 1; return wrk.format("GET", paths[i]) end
done = function(summary) io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration, summary.errors.status + summary.errors.read + summary.errors.timeout)) end
`,
  );
  const wrk = ['-t1', `-c${CONNECTIONS}`, '-s', script, `http://127.0.0.1:${port}`];
  await run('taskset', ['-c', CLIENT_CORE, 'wrk', '-d1s', ...wrk]);
  const before = (await usageOf(pid)).cpuSec;
  const { stdout } = await run('taskset', ['-c', CLIENT_CORE, 'wrk', `-d${SECONDS}s`, ...wrk]);
  const cpuSec = (await usageOf(pid)).cpuSec - before;
  const [, requests, durationUs, errors] = /RESULT (\d+) (\d+) (\d+)/.exec(stdout) ?? [];
  if (requests === undefined || errors !== '0')
    throw new Error(`wrk did not get all it asked for:\n${stdout}`);
  return {
    requestsPerSec: Number(requests) / (Number(durationUs) / 1e6),
    cpuUsPerRequest: (cpuSec * 1e6) / Number(requests),
  };
}
