/** What likes need from outside. */
import type { Client } from '../../kit/client.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import type { Clock } from '../../kit/sources.ts';
import type { catalogContract } from '../catalog/contract.ts';

export interface LikesDeps {
  readonly tables: Tables;
  readonly journal: Journal;
  readonly topics: Topics;
  readonly catalog: Pick<Client<typeof catalogContract>, 'songs'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}
