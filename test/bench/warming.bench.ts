/**
 * Goal: warming halves what listeners wait for at the start of songs, for hardly more origin load.
 * Method: the same simulated half-day of listening (test/sim/edge-load.ts), without warming, with it, and with
 * each of its reasons alone. What warming fetches counts as origin load like any other miss.
 */
import { REASONS } from '../../media/warming/contract.ts';
import { type LoadOptions, type LoadReport, runLoad } from '../sim/edge-load.ts';
import type { BenchReport } from './report.ts';

const LOAD: LoadOptions = {
  seed: 1,
  songs: 200_000,
  zipf: 1,
  sessionsPerHour: 1000,
  hours: 12,
  unmeasuredHours: 5,
  cacheShare: 0.03,
  bytesPerMin: 64 * 1024 ** 2,
};
const START_MISSES_MAX = 0.7;
const ORIGIN_BYTES_MAX = 1.05;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const startMisses = ({ startMisses: misses, plays }: LoadReport): number => misses / plays;
const originBytes = ({ missedBytes, warmingBytes }: LoadReport): number => missedBytes + warmingBytes;
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

const figuresOf = (report: LoadReport): string =>
  [
    `start missed ${percent(startMisses(report))}`,
    `in a song's first hour ${percent(report.releaseStarts.misses / report.releaseStarts.plays)}`,
    `bytes hit ${percent(1 - report.missedBytes / report.listenerBytes)}`,
    `origin ${(originBytes(report) / 1e9).toFixed(1)} GB, of it warming ${(report.warmingBytes / 1e9).toFixed(1)} GB`,
    ...(sum(report.warmed) > 0
      ? [`${sum(report.warmed)} songs warmed, ${percent(sum(report.played) / sum(report.warmed))} played`]
      : []),
  ].join('; ');

export default async function bench(): Promise<BenchReport> {
  const without = runLoad(LOAD);
  const warm = runLoad({ ...LOAD, warming: REASONS });
  const misses = startMisses(warm) / startMisses(without);
  const bytes = originBytes(warm) / originBytes(without);
  return {
    name: 'warming',
    goal: `songs whose start the edge does not hold ≤ ${START_MISSES_MAX} × those without warming, for ≤ ${ORIGIN_BYTES_MAX} × the bytes from the origin`,
    measured: `${misses.toFixed(2)} × the misses, ${bytes.toFixed(3)} × the bytes`,
    met: misses <= START_MISSES_MAX && bytes <= ORIGIN_BYTES_MAX,
    rows: [
      [
        'load (simulated, seed 1)',
        `${without.plays} plays in two regions, 200,000 songs, Zipf 1.0, 40 % own taste, LRU of ${percent(LOAD.cacheShare)} of the bytes`,
      ],
      ['without warming', figuresOf(without)],
      ['with warming', figuresOf(warm)],
      ...REASONS.map(
        (reason) => [`only ${reason}`, figuresOf(runLoad({ ...LOAD, warming: [reason] }))] as const,
      ),
    ],
  };
}
