import { table } from '../../kit/ports/tables.ts';
import type { Tally } from './domain.ts';

export interface HourRow extends Tally {
  readonly fromMs: number;
}

/** By day of UTC; each process writes its own row of an hour and nobody else's. */
export const HEALTH_HOURS = table<[hour: number, nodeId: string], HourRow>({
  name: 'health_hours',
  partition: 'day',
  clustering: [
    ['hour', 'number'],
    ['node_id', 'text'],
  ],
});
