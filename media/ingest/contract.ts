/**
 * What importers, workers and operators say to each other.
 *
 * Stream `ingest`, subject `ingest.<jobId>`: one `ingestQueued`, then, once, how it ended. Whoever ends a job
 * appends behind the record that queued it, so of two workers one ends it.
 */
import { type Static, Type } from 'typebox';
import { INGEST_REFUSED_SHOWN_MAX } from '../../config/limits.ts';
import { defineContract, Id, object, query, TimeMs } from '../../kit/contract.ts';
import type { RefusalCode } from '../files/refusal.ts';
import type { IngestedSong } from './song.ts';

export const INGEST_STREAM = 'ingest';
export const ingestSubject = (jobId: string): string => `ingest.${jobId}`;

/** UTC, `YYYY-MM-DD`. */
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });

/** A file whose content lies below `incoming/<jobId>/`. */
export const IngestQueued = object({
  type: Type.Literal('ingestQueued'),
  jobId: Id,
  /** The day of the import, under which operators find the job. */
  day: Day,
  /** As the importer's machine knows the file. */
  path: Type.String({ minLength: 1, pattern: '^[^\\u0000]+$' }),
  /** Changes when the file or what lies beside it does. */
  state: Type.String(),
  hasLyrics: Type.Boolean(),
  /** The extension of the cover beside it, if there is one. */
  cover: Type.Optional(Type.String({ pattern: '^[a-z]{3,4}$' })),
  /** A file of the same sound that the importer found to be gone. */
  insteadOf: Type.Optional(Type.String()),
});
export type IngestQueued = Static<typeof IngestQueued>;

export interface IngestDone {
  readonly type: 'ingestDone';
  readonly jobId: string;
  readonly worker: string;
  readonly song: IngestedSong;
}

export interface IngestRefused {
  readonly type: 'ingestRefused';
  readonly jobId: string;
  readonly worker: string;
  readonly code: RefusalCode;
  /** One sentence for the file's owner. */
  readonly why: string;
}

export type IngestEnded = IngestDone | IngestRefused;

const count = Type.Integer({ minimum: 0 });

export const IngestStatus = object({
  day: Day,
  waiting: count,
  inWork: Type.Array(object({ path: Type.String(), worker: Type.String(), sinceMs: TimeMs })),
  done: count,
  refused: count,
  /** The newest of them, at most INGEST_REFUSED_SHOWN_MAX. */
  refusals: Type.Array(
    object({ path: Type.String(), code: Type.String(), why: Type.String(), atMs: TimeMs }),
    { maxItems: INGEST_REFUSED_SHOWN_MAX },
  ),
});
export type IngestStatus = Static<typeof IngestStatus>;

export const ingestContract = defineContract({
  name: 'ingest',
  actions: {
    status: query("How far the imports of a day are; today's when none is named", {
      params: object({ day: Type.Optional(Day) }),
      result: IngestStatus,
    }),
  },
});
