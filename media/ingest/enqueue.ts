/**
 * A bulk import by a cluster's workers: each file is sent to the objects, queued in the journal, and waited
 * for. Interrupted, what was queued is still taken in; run again, it sends only what is not.
 */
import { lstat } from 'node:fs/promises';
import { INGEST_JOBS_AHEAD_MAX } from '../../config/limits.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { Clock, IdSource } from '../../kit/sources.ts';
import { filesBeside } from '../files/beside.ts';
import { INGEST_STREAM, type IngestQueued, ingestSubject } from './contract.ts';
import { type ImportSummary, type ImportWalk, importEach } from './import.ts';
import { sendFiles } from './incoming.ts';
import { dayOf, type Jobs } from './jobs.ts';
import { awaitOutcomes, type Outcomes } from './outcomes.ts';
import { probe } from './probe.ts';
import { fileState, type IngestedSong, reading, unchangedSong } from './song.ts';
import type { IngestTables } from './tables.ts';

export interface EnqueueDeps {
  readonly objects: Objects;
  readonly journal: Pick<Journal, 'append' | 'read' | 'parked'>;
  readonly tables: IngestTables;
  readonly jobs: Jobs;
  readonly ids: IdSource;
  readonly clock: Clock;
}

/** As `importEach`, by whatever workers there are. */
export async function enqueueImport(deps: EnqueueDeps, walk: ImportWalk): Promise<ImportSummary> {
  await using outcomes = awaitOutcomes(deps, walk.signal);
  return await importEach({
    ...walk,
    atOnce: INGEST_JOBS_AHEAD_MAX,
    ingest: (path) => send(path, deps, outcomes),
  });
}

/** @throws RefusedError */
async function send(path: string, deps: EnqueueDeps, outcomes: Outcomes): Promise<IngestedSong> {
  const beside = await reading(() => filesBeside(path));
  const state = await reading(() => fileState({ path }, beside));
  const unchanged = await unchangedSong(path, state, deps.tables);
  if (unchanged) return unchanged;
  // What is no music is not worth sending.
  await reading(async () => probe(path));

  const queue = async (insteadOf?: string): Promise<IngestedSong> => {
    const jobId = deps.ids.next();
    const job: IngestQueued = {
      type: 'ingestQueued',
      jobId,
      day: dayOf(deps.clock.nowMs()),
      path,
      state,
      ...(await reading(() => sendFiles(jobId, path, beside, deps.objects))),
      ...(insteadOf !== undefined && { insteadOf }),
    };
    await deps.journal.append(INGEST_STREAM, ingestSubject(jobId), job, { expectedSeq: 0 });
    await deps.jobs.queued(job);
    return outcomes.of(jobId);
  };
  const song = await queue();
  if (song.s !== 'duplicate' || (await isThere(song.of))) return song;
  // The file that spoke for this sound has moved away: this is where it went, perhaps with other tags.
  return queue(song.of);
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
