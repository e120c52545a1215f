/**
 * The corrections as they were made: one subject of the journal, so that they have one order, and the tables
 * made of it. Each step may be cut short and repeated.
 */
import { CATALOG_WRITE_ATTEMPTS_MAX, HOUR_MS } from '../../config/limits.ts';
import { type BucketedList, newestFirst } from '../../kit/bucketed-list.ts';
import { NotFoundError, StaleWriteError, UnavailableError } from '../../kit/errors.ts';
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';
import type { Table } from '../../kit/ports/tables.ts';
import type { Corrected, CorrectionKind } from './corrections-contract.ts';
import type { CatalogTables, CorrectionRow, TargetEffect } from './tables.ts';

export const CORRECTIONS_STREAM = 'corrections';
const SUBJECT = `${CORRECTIONS_STREAM}.all`;
const LIST = 'corrections';

/** What the journal holds. An undoing repeats the effects, so that it says by itself whom it concerns. */
export interface CorrectionEvent {
  readonly type: 'corrected' | 'undone';
  readonly correctionId: string;
  readonly byUserId: string;
  readonly kind: CorrectionKind;
  readonly what: Readonly<Record<string, unknown>>;
  readonly about: readonly string[];
  readonly into?: string;
  readonly effects: readonly TargetEffect[];
  /** The artist or album that was found or made for it. */
  readonly went?: Omit<Corrected, 'correctionId'>;
}

const contended = () =>
  new UnavailableError('CATALOG_CONTENDED', 'Too many corrections are made at once; try again in a moment.');
const noSuchCorrection = () =>
  new NotFoundError('CORRECTION_NOT_FOUND', 'There is no such correction; look at the list of them.');

export function openCorrectionLog(
  tables: CatalogTables,
  list: BucketedList<Record<string, never>>,
  journal: Journal,
) {
  const { corrected, corrections, correctionHead } = tables;

  /** Moves a row to `seq`; nothing happens when it stands there already. */
  async function moved<R extends { readonly seq: number }>(
    rows: Table<[], R>,
    id: string,
    seq: number,
    next: (before: R | undefined) => R,
  ): Promise<void> {
    for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
      const before = await rows.getVersioned(id, []);
      if (before && before.row.seq >= seq) return;
      const cas = before
        ? await rows.compareAndSet(id, [], before.version, next(before.row))
        : await rows.insertIfAbsent(id, [], next(undefined));
      if (cas.s === 'applied') return;
    }
    throw contended();
  }

  async function put({ data, seq, atMs }: Pick<JournalRecord, 'data' | 'seq' | 'atMs'>): Promise<void> {
    const { type, effects, ...event } = data as CorrectionEvent;
    const { correctionId, byUserId } = event;
    const byTarget = Map.groupBy(effects, ({ target }) => target);
    await Promise.all(
      [...byTarget].map(([target, of]) =>
        moved(corrected, target, seq, (before) => {
          const others = (before?.entries ?? []).filter((entry) => entry.correctionId !== correctionId);
          const own = of.map(({ effect }) => ({ ...effect, correctionId, seq }));
          return { seq, entries: type === 'undone' ? others : [...others, ...own] };
        }),
      ),
    );
    await moved(
      corrections,
      correctionId,
      seq,
      (before): CorrectionRow =>
        before && type === 'undone'
          ? { ...before, seq, done: false, undone: { byUserId, atMs } }
          : { ...event, what: { ...event.what }, about: [...event.about], effects, seq, atMs, done: false },
    );
    if (type === 'corrected') {
      const bucket = newestFirst(Math.floor(atMs / HOUR_MS));
      await list.put(LIST, { bucket, sort: newestFirst(atMs), id: correctionId }, {});
    }
    await moved(correctionHead, 'all', seq, () => ({ seq }));
  }

  /** Puts what the journal already holds into the tables; where they stand then. */
  async function catchUp(): Promise<number> {
    const seq = (await correctionHead.getVersioned('all', []))?.row.seq ?? 0;
    const lastSeq = await journal.lastSeq(CORRECTIONS_STREAM, SUBJECT);
    if (lastSeq === seq) return seq;
    for (const record of await journal.read(CORRECTIONS_STREAM, SUBJECT, seq)) await put(record);
    return lastSeq;
  }

  /** Whether it came before anything else; then it is in the tables too. */
  async function appended(event: CorrectionEvent, expectedSeq: number): Promise<boolean> {
    try {
      const seq = await journal.append(CORRECTIONS_STREAM, SUBJECT, event, { expectedSeq });
      const [record] = await journal.read(CORRECTIONS_STREAM, SUBJECT, seq - 1);
      if (record) await put(record);
      return true;
    } catch (error) {
      if (error instanceof StaleWriteError) return false;
      throw error;
    }
  }

  return {
    put,

    /**
     * Journals what is decided of the corrections as they are, and puts it into the tables. When the correction
     * is there already, a repeat of its command, nothing is decided and its first event is given.
     *
     * @throws what `decide` throws.
     */
    async append(correctionId: string, decide: () => Promise<CorrectionEvent>): Promise<CorrectionEvent> {
      for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
        const expectedSeq = await catchUp();
        const found = await corrections.getVersioned(correctionId, []);
        if (found) return { ...found.row, type: 'corrected' };
        const event = await decide();
        if (await appended(event, expectedSeq)) return event;
      }
      throw contended();
    },

    /** As `append`; a correction that was taken back before stays so. */
    async undo(correctionId: string, byUserId: string): Promise<CorrectionEvent> {
      for (let i = 0; i < CATALOG_WRITE_ATTEMPTS_MAX; i++) {
        const expectedSeq = await catchUp();
        const found = await corrections.getVersioned(correctionId, []);
        if (!found) throw noSuchCorrection();
        const { kind, what, about, effects, undone } = found.row;
        const event: CorrectionEvent = {
          ...{ type: 'undone', correctionId, byUserId },
          ...{ kind, what, about, effects },
        };
        if (undone || (await appended(event, expectedSeq))) return event;
      }
      throw contended();
    },

    async done(correctionId: string, seq: number): Promise<void> {
      const found = await corrections.getVersioned(correctionId, []);
      // A later event of the same correction says by itself when it is done.
      if (!found || found.row.seq !== seq || found.row.done) return;
      const cas = await corrections.compareAndSet(correctionId, [], found.version, {
        ...found.row,
        done: true,
      });
      if (cas.s === 'unknown') throw contended();
    },

    async page(options: { readonly limit: number; readonly cursor?: string }) {
      const { items, nextCursor } = await list.page(LIST, options);
      const rows = await corrections.getMany(items.map(({ key }) => [key.id, []] as const));
      return {
        items: rows.flatMap((row) => {
          if (!row) return [];
          const { seq: _seq, effects: _effects, went: _went, ...view } = row;
          return [view];
        }),
        ...(nextCursor !== undefined && { nextCursor }),
      };
    },
  };
}
export type CorrectionLog = ReturnType<typeof openCorrectionLog>;
