/** What processes use, as Linux counts it, and how much of which core they may. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TICKS_PER_SEC = 100;
const KIB = 1024;
/** So short that a process that has used up its share is away for milliseconds only. */
const PERIOD_US = 10_000;

export interface Usage {
  /** User and system time of all its threads so far, seconds. */
  readonly cpuSec: number;
  /** Resident memory, bytes. */
  readonly rssBytes: number;
  /** The part of it that belongs to no file: not the store's pages, which the kernel may drop. */
  readonly anonymousBytes: number;
}

export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The second field is the program's name in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuSec: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC,
    rssBytes: kib('VmRSS') * KIB,
    anonymousBytes: kib('RssAnon') * KIB,
  };
}

/** Keeps a process, with all threads that it has and will have, on one core. */
export async function pin(pid: number, core: number): Promise<void> {
  await run('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
}

/** Lets each of these processes have no more than this share of a core, as a control group (cgroups(7)) does. */
export async function throttle(pids: readonly number[], cores: number): Promise<AsyncDisposable> {
  const unified = existsSync('/sys/fs/cgroup/cgroup.controllers');
  const root = unified ? '/sys/fs/cgroup' : '/sys/fs/cgroup/cpu';
  const quotaUs = Math.round(cores * PERIOD_US);
  await using groups = new AsyncDisposableStack();
  for (const pid of pids) {
    const group = join(root, `antiphon-bench-${pid}`);
    await mkdir(group);
    groups.defer(() => rmdir(group));
    if (unified) await writeFile(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    else {
      await writeFile(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      await writeFile(join(group, 'cpu.cfs_quota_us'), String(quotaUs));
    }
    await writeFile(join(group, 'cgroup.procs'), String(pid));
    groups.defer(() => writeFile(join(root, 'cgroup.procs'), String(pid)));
  }
  return groups.move();
}

/** How many files and sockets a process of ours may hold at most. */
export async function openFilesMax(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const most = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
}
