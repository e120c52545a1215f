/** The least that health needs from outside. */
import type { Journal } from '../../kit/ports/journal.ts';
import type { ConsumerLag, Node, StoredPart } from './contract.ts';
import type { Tally } from './domain.ts';

/** Resolves when the engine has answered, rejects when it cannot. */
export type EngineCheck = () => Promise<unknown>;

export interface Meter {
  tally(): Promise<Tally>;
  lags(): Promise<readonly ConsumerLag[]>;
}

/** What does not change in a process, and what is looked up for each report. */
export interface Machine {
  readonly fixed: Pick<Node, 'nodeId' | 'roles' | 'version' | 'nodeVersion' | 'startedAtMs'>;
  look(): Promise<Pick<Node, 'memory' | 'loopLagMs' | 'disk' | 'ffmpeg'>>;
}

/** Measures one part of what is stored; may take long. */
export type Measure = () => Promise<Omit<StoredPart, 'part'> | undefined>;

export type ParkedReader = Pick<Journal, 'parked'>;
