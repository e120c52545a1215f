/**
 * Fills the tables of this version of the rows from the journal, before the catalogue serves for the first time.
 *
 * The consumer is named by the version, so that a new one begins with the oldest record. Its position is kept:
 * a process that dies goes on where it was, and several share the work. Nodes of the version before go on
 * serving from their own tables meanwhile.
 */
import { UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Consumer } from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { CATALOG_ROWS_VERSION, type CatalogTables } from './tables.ts';

const log = logger('catalog');

export const CATALOG_CONSUMER = `catalog-${CATALOG_ROWS_VERSION}`;

export class Preparation {
  readonly #rows: CatalogTables['prepared'];
  readonly #clock: Clock;
  #isDone = false;

  constructor({ prepared }: CatalogTables, clock: Clock) {
    this.#rows = prepared;
    this.#clock = clock;
  }

  /** Until then what comes from the journal is no news to anybody. */
  get isDone(): boolean {
    return this.#isDone;
  }

  async look(): Promise<void> {
    this.#isDone = (await this.#rows.get(String(CATALOG_ROWS_VERSION), [])) !== undefined;
  }

  /** @param songs how many are there so far */
  async finish(consumers: readonly Consumer[], songs: () => Promise<number>): Promise<void> {
    if (this.#isDone) return;
    for (const consumer of consumers) {
      while (!(await isCaughtUp(consumer))) {
        log.warn(
          { songs: await songs() },
          'the catalogue is made anew for this version; it serves when all is there',
        );
      }
    }
    await this.#rows.put(String(CATALOG_ROWS_VERSION), [], { atMs: this.#clock.nowMs() });
    this.#isDone = true;
  }
}

/** Whether it is, before the wait for it grows too long. */
async function isCaughtUp(consumer: Consumer): Promise<boolean> {
  try {
    await consumer.caughtUp();
    return true;
  } catch (error) {
    if (error instanceof UnavailableError && error.code !== 'CONSUMER_CLOSED') return false;
    throw error;
  }
}
