/** How a home library is put together: in a process of its own beside the service, or in a command. */
import { join } from 'node:path';
import type { ServiceSchema } from 'moleculer';
import { createCatalog } from './actors/catalog/actor.ts';
import type { Settings } from './config/settings.ts';
import { openEngines } from './infra/open-engines.ts';
import type { Engines } from './kit/ports/engines.ts';
import { systemSources } from './kit/sources.ts';
import { createCoverSources } from './media/covers/sources.ts';
import { openIngestTables } from './media/ingest/tables.ts';
import { libraryService } from './media/library/library.service.ts';
import { createLibrary, type Library } from './media/library/library.ts';
import { openLibraryTables } from './media/library/tables.ts';
import { SCHEMA } from './tables.config.ts';

/** Of role library: it answers for the folders, and has them read beside this process. */
export function libraryOf(engines: Engines, settings: Settings): ServiceSchema {
  const { topics } = engines;
  const { clock } = systemSources;
  const program = join(import.meta.dirname, 'library.process.ts');
  // The one secret of the service that reading folders has no use for.
  const { masterSecret: _secret, ...needed } = settings;
  return libraryService({ library: libraryOn(engines, settings), topics, clock, program, settings: needed });
}

export interface OpenLibrary extends AsyncDisposable {
  readonly library: Library;
}

/** Beside a running service or without one: it works on the same store, and the service keeps the lists. */
export async function openLibrary(settings: Settings): Promise<OpenLibrary> {
  const engines = await openEngines({ settings, sources: systemSources, schema: SCHEMA });
  const library = libraryOn(engines, settings);
  return { library, [Symbol.asyncDispose]: () => engines[Symbol.asyncDispose]() };
}

function libraryOn(engines: Engines, settings: Settings): Library {
  const { tables } = engines;
  return createLibrary({
    tables: openLibraryTables(tables),
    ingest: openIngestTables(tables),
    catalog: createCatalog({ ...engines, sources: systemSources }).handlers,
    covers: createCoverSources(tables),
    ids: systemSources.ids,
    clock: systemSources.clock,
    dataDir: settings.dataDir,
  });
}
