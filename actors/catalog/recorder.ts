/**
 * One way for songs to change: what is decided of them is journaled, then shown at once, so that whoever waits
 * for the answer reads what was written.
 */
import { CATALOG_WRITE_ATTEMPTS_MAX } from '../../config/limits.ts';
import { StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';
import type { Clock } from '../../kit/sources.ts';
import { CATALOG_STREAM } from './contract.ts';
import { type CatalogRecord, eventFrom } from './domain.ts';
import type { ShelfReader } from './shelf-reader.ts';
import type { Recorded, Shelves, Touched } from './shelves.ts';
import type { SongRow } from './tables.ts';

interface RecorderDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly shelves: Shelves;
  readonly reader: ShelfReader;
}

/** What becomes of songs, given their rows as they are; undefined where nothing is to change. */
export type Decide = (
  songs: readonly { readonly songId: string; readonly row: SongRow | undefined }[],
) => Promise<readonly (CatalogRecord | undefined)[]>;

export interface Recorder {
  /**
   * Journals and shows. Decided again when somebody else has journaled of a song since its row was read. The
   * rows as they were before, in the order asked for.
   */
  record(songIds: readonly string[], decide: Decide): Promise<(SongRow | undefined)[]>;
  /** Finishes what was begun of songs that are as they should be already. */
  settle(rows: readonly SongRow[]): Promise<void>;
  /** Applies what the journal already holds of a song, whoever is still at it elsewhere. */
  catchUp(songId: string): Promise<void>;
}

const subjectOf = (songId: string): string => `${CATALOG_STREAM}.${songId}`;

export const recorded = ({ data, seq, atMs }: JournalRecord): Recorded => ({
  event: eventFrom(data),
  seq,
  atMs,
});

/** Everything that looks different after these records. */
export function changedBy(records: readonly Recorded[], touched: Touched) {
  const events = records.map(({ event }) => event);
  return {
    songIds: [...new Set(events.map(({ songId }) => songId))],
    albumIds: [
      ...new Set([
        ...events.flatMap(({ albumId, previousAlbumId }) => [albumId, previousAlbumId ?? []].flat()),
        ...touched.albumIds,
      ]),
    ],
    artistIds: [...new Set([...events.flatMap(({ artistIds }) => artistIds), ...touched.artistIds])],
  };
}

export function createRecorder({ journal, clock, shelves, reader }: RecorderDeps): Recorder {
  async function record(songIds: readonly string[], decide: Decide): Promise<(SongRow | undefined)[]> {
    const before = new Map<string, SongRow | undefined>();
    let left = songIds;
    for (let tries = 0; tries < CATALOG_WRITE_ATTEMPTS_MAX; tries++) {
      const rows = await reader.rows(left);
      const songs = left.map((songId, i) => ({ songId, row: rows[i] }));
      const events = await decide(songs);
      const decided = songs.flatMap(({ songId, row }, i) => {
        before.set(songId, row);
        const event = events[i];
        return event ? [{ songId, event, expectedSeq: row?.seq ?? 0 }] : [];
      });
      const appended = await Promise.all(decided.map(append));
      const records = appended.filter((record) => record !== undefined);
      if (records.length > 0) await show(records);
      left = decided.filter((_, i) => !appended[i]).map(({ songId }) => songId);
      if (left.length === 0) return songIds.map((songId) => before.get(songId));
      await Promise.all(left.map(catchUp));
    }
    throw new UnavailableError('CATALOG_CONTENDED', 'Too many writers change this at once; try again soon.');
  }

  /** Undefined when somebody else was first. */
  async function append({
    songId,
    event,
    expectedSeq,
  }: {
    readonly songId: string;
    readonly event: CatalogRecord;
    readonly expectedSeq: number;
  }): Promise<Recorded | undefined> {
    try {
      const seq = await journal.append(CATALOG_STREAM, subjectOf(songId), event, { expectedSeq });
      return { event, seq, atMs: clock.nowMs() };
    } catch (error) {
      if (error instanceof StaleWriteError) return undefined;
      throw error;
    }
  }

  async function show(records: readonly Recorded[]): Promise<void> {
    await reader.drop(changedBy(records, await shelves.apply(records)));
  }

  async function settle(rows: readonly SongRow[]): Promise<void> {
    const songIds = rows.filter((row) => !row.settled).map(({ release }) => release.songId);
    if (songIds.length > 0) await reader.drop({ songIds, ...(await shelves.settle(songIds)) });
  }

  async function catchUp(songId: string): Promise<void> {
    const subject = subjectOf(songId);
    const row = await reader.row(songId);
    const seq = row?.seq ?? 0;
    const newer = seq < (await journal.lastSeq(CATALOG_STREAM, subject));
    if (newer) await shelves.apply((await journal.read(CATALOG_STREAM, subject, seq)).map(recorded));
    if (row && !row.settled) await shelves.settle([songId]);
  }

  return { record, settle, catchUp };
}
