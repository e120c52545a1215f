/** How music comes in: by the workers of a cluster, or where it is asked for. */
import { join } from 'node:path';
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import { createCatalog } from './actors/catalog/actor.ts';
import { catalogContract } from './actors/catalog/contract.ts';
import type { Settings } from './config/settings.ts';
import { brokerOptions, NAMESPACE } from './infra/bus/broker-options.ts';
import { isCluster, openEngines } from './infra/open-engines.ts';
import { type Caller, clientOf } from './kit/client.ts';
import type { Engines } from './kit/ports/engines.ts';
import { serviceOf } from './kit/service.ts';
import { systemSources } from './kit/sources.ts';
import { ingestContract } from './media/ingest/contract.ts';
import { enqueueImport } from './media/ingest/enqueue.ts';
import { findFfmpeg } from './media/ingest/ffmpeg.ts';
import { type ImportSummary, type ImportWalk, importFolder, SONGS_AT_ONCE } from './media/ingest/import.ts';
import { ingestService } from './media/ingest/ingest.service.ts';
import { createJobs } from './media/ingest/jobs.ts';
import type { IngestDeps } from './media/ingest/song.ts';
import { openIngestTables } from './media/ingest/tables.ts';
import { sweepTempFolder } from './media/ingest/work-folder.ts';
import { SCHEMA } from './tables.config.ts';

export interface Import extends AsyncDisposable {
  /** By whom, for a person. */
  readonly by: string;
  readonly run: (walk: ImportWalk) => Promise<ImportSummary>;
}

/** A bulk import: by the workers of a cluster, or here. */
export async function openImport(settings: Settings): Promise<Import> {
  if (!isCluster(settings)) {
    const deps = await openIngest(settings);
    const { version } = deps.ffmpeg;
    return {
      by: `ffmpeg ${version}, ${SONGS_AT_ONCE === 1 ? 'one song' : `${SONGS_AT_ONCE} songs`} at a time`,
      run: (walk) => importFolder({ ...walk, deps }),
      [Symbol.asyncDispose]: () => deps[Symbol.asyncDispose](),
    };
  }
  const engines = await openEngines({ settings, sources: systemSources, schema: SCHEMA });
  const { clock, ids } = systemSources;
  const tables = openIngestTables(engines.tables);
  const jobs = createJobs({ tables: engines.tables, clock });
  return {
    by: 'taken in by the workers of the cluster',
    run: (walk) => enqueueImport({ ...engines, tables, jobs, ids, clock }, walk),
    [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose](),
  };
}

/** What an import needs, beside a running service or without one: the same store, and a catalogue to release to. */
export async function openIngest(settings: Settings): Promise<IngestDeps & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const engines = opened.use(await openEngines({ settings, sources: systemSources, schema: SCHEMA }));
  const broker = new ServiceBroker(
    brokerOptions({ nodeId: `${settings.nodeId}-import`, namespace: NAMESPACE }),
  );
  opened.defer(() => broker.stop());
  // Its handlers alone: the service keeps the lists, now or when it next runs.
  const catalog = createCatalog({ ...engines, sources: systemSources });
  broker.createService(serviceOf(catalogContract, catalog.handlers));
  await broker.start();
  const deps = await ingestDeps(broker, engines, settings);
  const running = opened.move();
  return { ...deps, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Of role ingest. */
export interface Ingest {
  readonly service: ServiceSchema;
  /** What a song is taken in with. A process that stands alone looks for an ffmpeg no sooner than this is called. */
  readonly deps: () => Promise<IngestDeps>;
}

export async function ingestOf(bus: Caller, engines: Engines, settings: Settings): Promise<Ingest> {
  const { clock } = systemSources;
  const jobs = createJobs({ tables: engines.tables, clock });
  // One process that stands alone imports by itself and queues nothing.
  if (!isCluster(settings)) {
    const service = serviceOf(ingestContract, { status: ({ day }) => jobs.status(day) });
    return { service, deps: () => ingestDeps(bus, engines, settings) };
  }
  const deps = await ingestDeps(bus, engines, settings);
  const service = ingestService({ ...deps, journal: engines.journal, jobs, clock, nodeId: settings.nodeId });
  return { service, deps: async () => deps };
}

async function ingestDeps(bus: Caller, engines: Engines, settings: Settings): Promise<IngestDeps> {
  const tempFolder = join(settings.dataDir, 'tmp');
  // What a killed process left behind.
  await sweepTempFolder(tempFolder);
  return {
    objects: engines.objects,
    tables: openIngestTables(engines.tables),
    catalog: clientOf(catalogContract, bus),
    ids: systemSources.ids,
    ffmpeg: await findFfmpeg(settings.ffmpegPath),
    tempFolder,
  };
}
