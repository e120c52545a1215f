/** What edge warming needs from outside. */

import type { catalogContract } from '../../actors/catalog/contract.ts';
import type { Client } from '../../kit/client.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Clock } from '../../kit/sources.ts';
import type { MediaKeys } from '../edge/token.ts';
import type { Region } from './domain.ts';

export type Catalog = Pick<Client<typeof catalogContract>, 'playable' | 'credits'>;

/** One edge and whom it serves. */
export interface WarmEdge extends Region {
  /** `https://edge.example.org`, without a slash at the end. */
  readonly url: string;
}

export interface Fetched {
  readonly status: number;
  readonly bytes: number;
  /** What the edge said of its cache (X-Cache). */
  readonly cache: 'hit' | 'miss' | 'unknown';
  readonly tookMs: number;
}

/** Reads an answer to its end and keeps nothing of it. Rejects when there is no whole answer in time. */
export type Fetch = (url: string, signal: AbortSignal) => Promise<Fetched>;

export interface WarmingDeps {
  readonly edges: readonly WarmEdge[];
  readonly keys: MediaKeys;
  readonly journal: Journal;
  readonly tables: Tables;
  readonly catalog: Catalog;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Of each edge; default WARM_BYTES_PER_MIN. */
  readonly bytesPerMin?: number;
}
