/** The embedded engines in a folder of their own, for tests of actors; what most of them start from. */

import type { Test } from 'tap';
import { openCache } from '../../infra/embedded/cache.ts';
import { openSearchIndex } from '../../infra/embedded/search-index.ts';
import { openTopics } from '../../infra/embedded/topics.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { SearchIndex } from '../../kit/ports/search-index.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import { type Sources, systemIds, systemRandom } from '../../kit/sources.ts';
import { type Lmdb, openLmdb } from '../contract-suites/harness.ts';

export interface Engines extends Lmdb {
  readonly cache: Cache;
  readonly topics: Topics;
  readonly index: SearchIndex;
  readonly sources: Sources;
}

const START_MS = 1_700_000_000_000;

export async function openEngines(startMs = START_MS): Promise<Engines> {
  const lmdb = await openLmdb(startMs);
  const { clock } = lmdb;
  return {
    ...lmdb,
    cache: openCache(clock),
    topics: openTopics(),
    index: openSearchIndex(),
    sources: { clock, random: systemRandom, ids: systemIds },
  };
}

/** Opened for one test. */
export async function enginesOf({ teardown }: Pick<Test, 'teardown'>): Promise<Engines> {
  const engines = await openEngines();
  teardown(() => engines[Symbol.asyncDispose]());
  return engines;
}

/** The rows of a table that are stored, whoever wrote them: what is left after an erasure. */
export const rowsOf = ({ store }: Pick<Lmdb, 'store'>, table: string): { pk: string; key: unknown[] }[] =>
  [...store.database('tables.rows').getKeys()]
    .map((key) => key as unknown[])
    .filter(([name]) => name === table)
    .map(([, pk, ...key]) => ({ pk: String(pk), key }));

/** What is published on a topic from now on. */
export async function heard(topics: Topics, topic: string): Promise<unknown[]> {
  const messages: unknown[] = [];
  await topics.subscribe(topic, (message) => messages.push(message));
  return messages;
}
