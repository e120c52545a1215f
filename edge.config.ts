/** What serves sound, and what fills the edges ahead of listeners. */
import type { ServiceSchema } from 'moleculer';
import { catalogContract } from './actors/catalog/contract.ts';
import { keyFor } from './config/secrets.ts';
import type { Settings } from './config/settings.ts';
import { isCluster } from './infra/open-engines.ts';
import type { OpenJit } from './jit.config.ts';
import { type Caller, clientOf } from './kit/client.ts';
import type { HttpHandler } from './kit/http.ts';
import type { Engines } from './kit/ports/engines.ts';
import { systemClock } from './kit/sources.ts';
import { createCovers } from './media/covers/covers.ts';
import { createCoverSources } from './media/covers/sources.ts';
import { createEdge } from './media/edge/edge.ts';
import { listenForEdgeReports } from './media/edge/edge-reports.ts';
import { mediaKeysOf } from './media/edge/keys-file.ts';
import { createLibrary } from './media/edge/library.ts';
import { createServedReport } from './media/edge/served.ts';
import { createWarming } from './media/warming/actor.ts';
import { fetchThrough } from './media/warming/fetch.ts';
import type { WarmEdge } from './media/warming/ports.ts';
import { warmingService } from './media/warming/warming.service.ts';

export interface OpenEdge extends AsyncDisposable {
  readonly handle: HttpHandler;
}

/** Of role edge. */
export async function openEdge(
  { journal, objects, tables }: Engines,
  settings: Settings,
  masterSecret: string,
  jit?: OpenJit,
): Promise<OpenEdge> {
  await using opened = new AsyncDisposableStack();
  const written = opened.use(createServedReport({ journal, clock: systemClock }));
  const report = jit ? jit.hearing(written) : written;
  // Workers of a cluster make covers ahead: no music lies beside its edges.
  const sources = isCluster(settings) ? undefined : createCoverSources(tables);
  const covers = opened.use(createCovers({ objects, ...(sources && { sources }) }));
  const library = createLibrary({
    objects,
    covers,
    jit: jit?.songs,
    masterSecret: keyFor(masterSecret, 'content'),
  });
  if (settings.edgeReports) {
    opened.use(await listenForEdgeReports({ library, report }, addressOf(settings.edgeReports)));
  }
  const handle = createEdge({ library, keys: mediaKeysOf(masterSecret), report, clock: systemClock });
  const running = opened.move();
  return { handle, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Of role warming, for the edges that the settings name. */
export function warmingOf(
  bus: Caller,
  { journal, tables }: Engines,
  settings: Settings,
  masterSecret: string,
): ServiceSchema {
  const warming = createWarming({
    edges: settings.edges.map(warmEdgeOf),
    keys: mediaKeysOf(masterSecret),
    journal,
    tables,
    catalog: clientOf(catalogContract, bus),
    fetch: fetchThrough(systemClock),
    clock: systemClock,
  });
  return warmingService(warming);
}

/** `region:SE+NO=url` as settings have it. */
function warmEdgeOf(text: string): WarmEdge {
  const [whom = '', ...url] = text.split('=');
  const [region = '', countries] = whom.split(':');
  return { region, countries: countries?.split('+') ?? [], url: url.join('=') };
}

function addressOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
