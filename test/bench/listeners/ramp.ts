/** Grows a crowd of listeners in steps and measures each. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pin, type Usage, usageOf } from '../usage.ts';
import type { Measured, Order } from './crowd.ts';
import type { Part, Service } from './services.ts';

export const P99_MS_MAX = 50;
/** A first play counts after 30 s: until then each step has a wave of its own. */
const TIMES = { settleMs: 45_000, measureMs: 60_000 };
const SERVICE_CORE = 0;
const CROWD_CORE = 1;

export interface Step extends Measured {
  readonly listeners: number;
  /** Of the service's core, by part. */
  readonly cpu: readonly number[];
  readonly usage: readonly Usage[];
}
export interface Result {
  readonly parts: readonly Part[];
  readonly empty: readonly Usage[];
  readonly steps: readonly Step[];
}

const told = (what: string): void => void process.stderr.write(`${what}\n`);

async function order<T>(crowd: ChildProcess, what: Order): Promise<T> {
  const ended = new AbortController();
  const failed = once(crowd, 'exit', ended).then(([code]) => {
    throw new Error(`The crowd ended with ${code}.`);
  });
  crowd.send(what);
  const [answer] = await Promise.race([once(crowd, 'message', ended), failed]);
  failed.catch(() => {});
  ended.abort();
  return answer as T;
}

export const isHeld = ({ all, failures, listeners, open }: Step): boolean =>
  all.p99Ms <= P99_MS_MAX && open === listeners && Object.keys(failures).length === 0;

/** @param accounts a file with a ListenerAccount as JSON in each line. Ends with the first step that does not hold. */
export async function ramp(
  service: Service,
  accounts: string,
  counts: readonly number[],
  { settleMs, measureMs } = TIMES,
): Promise<Result> {
  const { parts } = service;
  for (const { pid } of parts) await pin(pid, SERVICE_CORE);
  const crowd = fork(join(import.meta.dirname, 'crowd.ts'));
  try {
    await pin(crowd.pid as number, CROWD_CORE);
    const usage = () => Promise.all(parts.map(({ pid }) => usageOf(pid)));
    const empty = await usage();
    const steps: Step[] = [];
    let from = 0;
    for (const to of counts) {
      const url = `${service.url.replace(/^http/, 'ws')}/api/ws`;
      await order(crowd, { do: 'connect', url, accounts, from, to });
      await sleep(settleMs);
      const before = await usage();
      const startedAtMs = performance.now();
      const measured = await order<Measured>(crowd, { do: 'measure', forMs: measureMs });
      const after = await usage();
      const tookSec = (performance.now() - startedAtMs) / 1000;
      const cpu = after.map(({ cpuSec }, i) => (cpuSec - (before[i]?.cpuSec ?? 0)) / tookSec);
      const step: Step = { ...measured, listeners: to, cpu, usage: after };
      steps.push(step);
      told(JSON.stringify({ parts: parts.map(({ name }) => name), ...step }));
      if (!isHeld(step)) break;
      from = to;
    }
    return { parts, empty, steps };
  } finally {
    crowd.kill();
  }
}
