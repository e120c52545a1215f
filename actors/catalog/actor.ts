/**
 * The catalogue: the journal says what was released, tables show it, the cache spares the tables.
 *
 * Handlers work without `start`: a process that only imports need not consume. A running service starts it,
 * so that another process's imports finish, are counted, drop cached copies and reach open players.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Handlers } from '../../kit/contract.ts';
import type { Consumer, JournalRecord } from '../../kit/ports/journal.ts';
import { CorrectionBook } from './book.ts';
import {
  CATALOG_STREAM,
  CATALOG_TOPIC,
  type CatalogEvent,
  type catalogContract,
  type SongRelease,
} from './contract.ts';
import { CORRECTIONS_STREAM, openCorrectionLog } from './correction-log.ts';
import { createCorrector } from './corrector.ts';
import { digestOf, packagedEvent, problemOf, releaseEvent, removalEvent } from './domain.ts';
import { songGone } from './gone.ts';
import type { CatalogDeps } from './ports.ts';
import { CATALOG_CONSUMER, Preparation } from './prepared.ts';
import { createReads } from './reads.ts';
import { changedBy, createRecorder, recorded } from './recorder.ts';
import { ShelfReader } from './shelf-reader.ts';
import { openShelves } from './shelves.ts';
import { createSpread } from './spread.ts';
import { catalogTables, type Shown, type SongRow } from './tables.ts';
import { Totals } from './totals.ts';

export interface Catalog extends AsyncDisposable {
  readonly handlers: Handlers<typeof catalogContract>;
  /** Begins to consume the journal; the first time of a version of the rows, resolves when they are all there. */
  start(): Promise<void>;
  /** Resolves when all that was journaled before the call is shown, counted and published. */
  caughtUp(): Promise<void>;
}

const isPresent = <T>(value: T | undefined): value is T => value !== undefined;
/** As the journal will give it back: no absent fields spelled out as undefined. */
const asJournaled = <T>(given: T): T => JSON.parse(JSON.stringify(given)) as T;
const saidBy = ({ lyrics: _lyrics, ...said }: SongRelease): Shown => said;

export function createCatalog({ tables: engine, journal, cache, topics, sources }: CatalogDeps): Catalog {
  const tables = catalogTables(engine);
  const shelves = openShelves(tables);
  const reader = new ShelfReader(tables, shelves.list, cache, sources.ids);
  const totals = new Totals(tables);
  const preparation = new Preparation(tables, sources.clock);
  const recorder = createRecorder({ journal, clock: sources.clock, shelves, reader });
  const { record, settle } = recorder;
  const spread = createSpread(tables, recorder);
  const openBook = () => new CorrectionBook(tables);
  const log = openCorrectionLog(tables, shelves.list, journal);
  const corrector = createCorrector({ log, spread, reader, openBook, ids: sources.ids });
  const consumers: Consumer[] = [];

  const holds = (row: SongRow, { lyrics, ...release }: SongRelease): boolean =>
    !row.removed &&
    row.lyrics?.digest === (lyrics && digestOf(lyrics)) &&
    isDeepStrictEqual(row.release, release);

  /** Of several releases of one song the last one holds. */
  async function releaseAll(
    releases: readonly SongRelease[],
  ): Promise<{ songId: string; created: boolean }[]> {
    const wanted = new Map(releases.map((release) => [release.songId, release]));
    const songIds = [...wanted.keys()];
    const before = await record(songIds, async (songs) => {
      const changed = songs.filter(
        ({ songId, row }) => !row || !holds(row, wanted.get(songId) as SongRelease),
      );
      const said = changed.map(({ songId }) => saidBy(wanted.get(songId) as SongRelease));
      const shown = await openBook().shown(said);
      const events = new Map(
        changed.map(({ songId, row }, i) => [
          songId,
          releaseEvent(row, wanted.get(songId) as SongRelease, shown[i]),
        ]),
      );
      return songs.map(({ songId }) => events.get(songId));
    });
    await settle(
      before.filter(isPresent).filter((row) => holds(row, wanted.get(row.release.songId) as SongRelease)),
    );
    return songIds.map((songId, i) => ({ songId, created: before[i]?.removed ?? true }));
  }

  async function consume(records: readonly JournalRecord[]): Promise<void> {
    const applied = records.map(recorded);
    const changed = changedBy(applied, await shelves.apply(applied));
    await totals.recount(changed);
    await reader.drop(changed);
    // A correction may have come between the decision and here; whichever of the two is last sees the other.
    await spread.songs(changed.songIds);
    if (!preparation.isDone) return;
    for (const { event } of applied) {
      const { release: _release, packaged: _packaged, shown: _shown, ...news } = event;
      await topics.publish(CATALOG_TOPIC, news satisfies CatalogEvent);
    }
  }

  const handlers: Handlers<typeof catalogContract> = {
    ...createReads({ reader, totals, recorder, openBook, clock: sources.clock }),
    ...corrector.handlers,

    async release(given) {
      const release = asJournaled(given);
      const problem = problemOf(release);
      if (problem) throw problem;
      const [released] = await releaseAll([release]);
      return released as { songId: string; created: boolean };
    },

    async releaseMany({ songs }) {
      const releases = songs.map(asJournaled);
      const problems = releases.map(problemOf);
      return {
        items: await releaseAll(releases.filter((_, i) => !problems[i])),
        refused: releases.flatMap(({ songId }, i) => {
          const problem = problems[i];
          return problem ? [{ songId, code: problem.code, why: problem.message }] : [];
        }),
      };
    },

    async packaged({ songId, ...given }) {
      const packaged = asJournaled(given);
      await record([songId], async ([song]) => {
        if (!song?.row) throw songGone();
        return [
          isDeepStrictEqual(song.row.packaged, packaged) ? undefined : packagedEvent(song.row, packaged),
        ];
      });
      return {};
    },

    async remove({ songId }) {
      const before = await record([songId], async ([song]) => {
        if (!song?.row) throw songGone();
        return [song.row.removed ? undefined : removalEvent(song.row)];
      });
      await settle(before.filter(isPresent).filter(({ removed }) => removed));
      return {};
    },
  };

  return {
    handlers,
    async start() {
      await preparation.look();
      const kept = (stream: string, consumer: string, handle: typeof consume) =>
        journal.consume({ stream, consumer, handle });
      // Corrections first: what they journal of songs is behind them.
      consumers.push(await kept(CORRECTIONS_STREAM, 'corrections', corrector.consume));
      consumers.push(await kept(CATALOG_STREAM, CATALOG_CONSUMER, consume));
      await preparation.finish(consumers, async () => (await totals.read()).songs);
    },
    async caughtUp() {
      for (const consumer of consumers) await consumer.caughtUp();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(consumers.map((consumer) => consumer[Symbol.asyncDispose]()));
    },
  };
}
