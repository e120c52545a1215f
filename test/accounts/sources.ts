/** Ids that come in order and time that a test moves, so that what accounts write repeats. */
import { idFrom, type Sources } from '../../kit/sources.ts';
import type { ManualClock } from '../contract-suites/harness.ts';

export function testSources(clock: ManualClock): Sources {
  let count = 0;
  const entropy = () => new Uint8Array([0, 0, 0, 0, 0, 0, 0, count >> 16, count >> 8, count++ & 255]);
  return { clock, random: { next: () => 0.5 }, ids: { next: () => idFrom(clock.nowMs(), entropy()) } };
}
