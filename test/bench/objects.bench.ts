/**
 * What our S3 client costs an edge that reads small ranges, beside bare `fetch` with the same signature, on the
 * same server in the same run; and how fast a large object goes through, which one process alone cannot judge.
 */
import assert from 'node:assert/strict';
import { startS3 } from '../../infra/local/s3.ts';
import { openS3Objects } from '../../infra/objects/s3-objects.ts';
import { createSigner, EMPTY_SHA256 } from '../../infra/objects/s3-signature.ts';
import { systemClock, systemRandom } from '../../kit/sources.ts';
import { tempFolder } from '../contract-suites/harness.ts';
import type { BenchReport } from './report.ts';

const RANGE_BYTES = 16 * 1024;
const AT_ONCE = 32;
const ROUND_MS = 2000;
const ROUNDS = 3;
const BIG_BYTES = 128 * 1024 ** 2;
const RATIO_MIN = 1;

interface Measured {
  readonly perSec: number;
  readonly cpuUs: number;
}

async function measure(read: () => Promise<number>): Promise<Measured> {
  const beganMs = performance.now();
  const cpu = process.cpuUsage();
  let reads = 0;
  const reader = async () => {
    while (performance.now() - beganMs < ROUND_MS) {
      assert.equal(await read(), RANGE_BYTES);
      reads++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  const { user, system } = process.cpuUsage(cpu);
  return { perSec: (reads / (performance.now() - beganMs)) * 1000, cpuUs: (user + system) / reads };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function* bytes(total: number) {
  const piece = Buffer.alloc(1024 ** 2, 'x');
  for (let at = 0; at < total; at += piece.length) yield piece;
}

const mbPerSec = async (run: () => Promise<unknown>): Promise<string> => {
  const beganMs = performance.now();
  await run();
  return `${Math.round(BIG_BYTES / 1e6 / ((performance.now() - beganMs) / 1000))} MB/s`;
};

export default async function bench(): Promise<BenchReport> {
  await using folder = await tempFolder();
  await using server = await startS3({ folder: folder.path });
  const bucket = 'bench';
  const sources = { clock: systemClock, random: systemRandom };
  await using objects = await openS3Objects({ ...server, ...sources, bucket });
  await objects.put('song.mp4', Buffer.alloc(4 * 1024 ** 2, 'x'));

  let at = 0;
  const next = (): number => {
    at = (at + RANGE_BYTES) % (3 * 1024 ** 2);
    return at;
  };
  const ours = async () => {
    const start = next();
    return (await objects.range('song.mp4', start, start + RANGE_BYTES))?.length ?? 0;
  };
  const sign = createSigner(server);
  const path = `/${bucket}/song.mp4`;
  const bare = async () => {
    const start = next();
    const headers = { host: new URL(server.url).host, range: `bytes=${start}-${start + RANGE_BYTES - 1}` };
    const signed = sign({ method: 'GET', path, query: {}, headers, bodySha256: EMPTY_SHA256 }, Date.now());
    const { host: _, ...sent } = signed;
    return (await (await fetch(server.url + path, { headers: sent })).arrayBuffer()).byteLength;
  };

  const rounds: { ours: Measured; bare: Measured }[] = [];
  await measure(ours);
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push({ bare: await measure(bare), ours: await measure(ours) });
  }
  const up = await mbPerSec(() => objects.put('big', bytes(BIG_BYTES)));
  const down = await mbPerSec(async () => {
    let seen = 0;
    for await (const piece of (await objects.stream('big')) ?? []) seen += piece.length;
    assert.equal(seen, BIG_BYTES);
  });

  const ratio = median(rounds.map((round) => round.ours.perSec / round.bare.perSec));
  const row = (name: 'ours' | 'bare') =>
    `${Math.round(median(rounds.map((round) => round[name].perSec)))} /s, ` +
    `${Math.round(median(rounds.map((round) => round[name].cpuUs)))} us CPU each`;
  return {
    name: 'objects',
    goal: `small ranges from S3 at >= ${RATIO_MIN} x bare fetch with the same signature`,
    measured: `${ratio.toFixed(2)} x`,
    met: ratio >= RATIO_MIN,
    rows: [
      [`our client, ${RANGE_BYTES / 1024} KiB ranges, ${AT_ONCE} at once`, row('ours')],
      ['bare fetch, the same', row('bare')],
      [`${BIG_BYTES / 1024 ** 2} MiB streamed up in parts`, up],
      ['the same streamed down', down],
    ],
  };
}
