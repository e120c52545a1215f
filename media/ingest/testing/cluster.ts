/** A small cluster's worth of ingest for tests: embedded engines in a folder, and workers that can be made to die. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SongRelease } from '../../../actors/catalog/contract.ts';
import { type Embedded, openEmbedded } from '../../../infra/embedded/open-embedded.ts';
import { openNats } from '../../../infra/nats/connection.ts';
import { openJetStreamJournal } from '../../../infra/nats/journal.ts';
import type { JournalRecord } from '../../../kit/ports/journal.ts';
import { systemClock, systemIds } from '../../../kit/sources.ts';
import { findFfmpeg } from '../ffmpeg.ts';
import { createJobs } from '../jobs.ts';
import type { Catalog } from '../release.ts';
import { openIngestTables } from '../tables.ts';
import type { IngestWorkerDeps } from '../worker.ts';

/** A catalogue of which every process sees the same: releases are appended to the journal. */
export const RELEASES = 'releases';
const catalogOf = ({ journal }: Embedded): Catalog => ({
  release: (song) => journal.append(RELEASES, RELEASES, song),
});
export const releasesIn = async ({ journal }: Embedded): Promise<SongRelease[]> =>
  (await journal.read(RELEASES, RELEASES)).map(({ data }) => data as SongRelease);

export async function openIngestWorld(dataDir: string) {
  const embedded = await openEmbedded({ dataDir, clock: systemClock });
  const tempFolder = join(dataDir, 'tmp');
  await mkdir(tempFolder, { recursive: true });
  const deps: IngestWorkerDeps = {
    objects: embedded.objects,
    journal: embedded.journal,
    tables: openIngestTables(embedded.tables),
    jobs: createJobs({ tables: embedded.tables, clock: systemClock }),
    catalog: catalogOf(embedded),
    ids: systemIds,
    clock: systemClock,
    ffmpeg: await findFfmpeg(),
    tempFolder,
    nodeId: 'worker',
    songsAtOnce: 2,
  };
  return { embedded, deps, [Symbol.asyncDispose]: () => embedded[Symbol.asyncDispose]() };
}

/** The journal on NATS, as another machine opens it. */
export async function openSharedJournal(natsUrl: string) {
  const connection = await openNats({ servers: [natsUrl], name: `ingest-${process.pid}` });
  const journal = await openJetStreamJournal({
    connection,
    namespace: 'ingest-test',
    replicas: 1,
    shards: 2,
  });
  return {
    journal,
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await connection.close();
    },
  };
}

export type Handle = (records: readonly JournalRecord[]) => Promise<void>;

/** A worker's steps, named by what they are about to do: `put tracks/…/24.mp4`, `release`, `append ingestDone`. */
export type OnStep = (step: string) => Promise<void>;

/** The same collaborators, which tell each step that others can see before (`-`) and after (`+`) taking it. */
export function watched(deps: IngestWorkerDeps, onStep: OnStep): IngestWorkerDeps {
  const step = async <T>(name: string, take: () => Promise<T>): Promise<T> => {
    await onStep(`- ${name}`);
    const result = await take();
    await onStep(`+ ${name}`);
    return result;
  };
  const nameOf = (key: string): string => key.replaceAll(/\/[0-9A-Za-z]{22}(?=\/)/g, '');
  const { objects, journal, catalog, tables } = deps;
  return {
    ...deps,
    objects: {
      ...objects,
      stream: (key) => step(`fetch ${nameOf(key)}`, () => objects.stream(key)),
      put: (key, ...rest) => step(`put ${nameOf(key)}`, () => objects.put(key, ...rest)),
      delete: (key) => step(`delete ${nameOf(key)}`, () => objects.delete(key)),
    },
    catalog: { release: (song) => step('release', () => catalog.release(song)) },
    tables: {
      ...tables,
      owners: { ...tables.owners, put: (...row) => step('own', () => tables.owners.put(...row)) },
      files: { ...tables.files, put: (...row) => step('remember', () => tables.files.put(...row)) },
    },
    journal: {
      append: (stream, subject, data, options) =>
        step(`append ${(data as { type: string }).type}`, () =>
          journal.append(stream, subject, data, options),
        ),
      read: (...of) => journal.read(...of),
      lastSeq: (...of) => journal.lastSeq(...of),
      consume: (options) =>
        journal.consume({
          ...options,
          handle: async (records) => {
            await options.handle(records);
            await onStep('handled');
          },
        }),
    },
  };
}
