import type { ServiceSchema } from 'moleculer';
import { ACTOR_SNAPSHOTS } from '../../kit/actor/snapshot.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Tables } from '../../kit/ports/tables.ts';
import type { Topics } from '../../kit/ports/topics.ts';
import { serviceOf } from '../../kit/service.ts';
import type { Sources } from '../../kit/sources.ts';
import { consumeAccountNews } from './account-news.ts';
import { createPlayerSession } from './actor.ts';
import { playerContract } from './contract.ts';
import { openPlayerHost, type PlayerHost } from './host.ts';
import { createKnown } from './known.ts';
import type { Accounts, Catalog, MediaUrls } from './ports.ts';

export interface PlayerServiceDeps extends Sources {
  readonly journal: Journal;
  readonly tables: Tables;
  readonly topics: Topics;
  readonly catalog: Catalog;
  readonly accounts: Accounts;
  readonly media: MediaUrls;
}

/** The service and its host, for an operator's look inside. */
export function playerSessionService(deps: PlayerServiceDeps): { service: ServiceSchema; host: PlayerHost } {
  const host = openPlayerHost({ ...deps, snapshots: deps.tables.open(ACTOR_SNAPSHOTS) });
  const known = createKnown(deps);
  let news: AsyncDisposable | undefined;
  const service = serviceOf(playerContract, createPlayerSession({ ...deps, host, known }), {
    clock: deps.clock,
    async started() {
      news = await consumeAccountNews({ ...deps, host, known });
    },
    async stopped() {
      await news?.[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
    },
  });
  return { service, host };
}
