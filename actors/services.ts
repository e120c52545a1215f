/** Which services a process hosts, by its roles, and what each of them is given. */
import type { ServiceSchema } from 'moleculer';
import type { Role } from '../config/settings.ts';
import type { Caller } from '../kit/client.ts';
import { clientOf } from '../kit/client.ts';
import type { Engines } from '../kit/ports/engines.ts';
import type { Sources } from '../kit/sources.ts';
import { accountsService } from './accounts/accounts.service.ts';
import { type Accounts, createAccounts } from './accounts/actor.ts';
import { accountsContract } from './accounts/contract.ts';
import type { PaymentProvider } from './accounts/ports.ts';
import { createCatalog } from './catalog/actor.ts';
import { catalogService } from './catalog/catalog.service.ts';
import { catalogContract } from './catalog/contract.ts';
import { createHistory } from './history/actor.ts';
import { historyService } from './history/history.service.ts';
import { createLikes } from './likes/actor.ts';
import { likesService } from './likes/likes.service.ts';
import { operatorService } from './operator/operator.service.ts';
import { playerSessionService } from './player-session/player-session.service.ts';
import type { MediaUrls } from './player-session/ports.ts';
import { createSearch } from './search/actor.ts';
import { searchService } from './search/search.service.ts';

export interface ServicesDeps
  extends Pick<Engines, 'journal' | 'tables' | 'cache' | 'topics' | 'searchIndex'> {
  readonly sources: Sources;
  /** Reaches the other actors, in whichever process they are. */
  readonly bus: Caller;
  readonly nodeId: string;
  readonly masterSecret: string;
  readonly payments: PaymentProvider;
  readonly media: MediaUrls;
  readonly defaultCountry: string;
  readonly openSignUp: boolean;
}

export interface Services {
  readonly schemas: readonly ServiceSchema[];
  /** Of a process that hosts the accounts: makes the first administrator; undefined once there is one. */
  setupCode(): Promise<string | undefined>;
}

export async function openServices(roles: readonly Role[], deps: ServicesDeps): Promise<Services> {
  const { journal, tables, cache, topics, searchIndex, sources, bus } = deps;
  const { clock } = sources;
  const accountsClient = clientOf(accountsContract, bus);
  const catalogClient = clientOf(catalogContract, bus);
  const schemas: ServiceSchema[] = [];
  let accounts: Accounts | undefined;

  const open: Partial<Record<Role, () => Promise<void> | void>> = {
    async accounts() {
      accounts = await createAccounts({ ...deps, tables, journal, cache });
      schemas.push(accountsService(accounts));
    },
    catalog: () =>
      void schemas.push(catalogService(createCatalog({ tables, journal, cache, topics, sources }))),
    search: () =>
      void schemas.push(
        searchService(createSearch({ index: searchIndex, journal, catalog: catalogClient, clock })),
      ),
    history: () => void schemas.push(historyService(createHistory({ tables, journal, topics, clock }))),
    likes: () =>
      void schemas.push(
        likesService(createLikes({ tables, journal, topics, catalog: catalogClient, clock })),
      ),
    'player-session'() {
      const { service, host } = playerSessionService({
        ...sources,
        journal,
        tables,
        topics,
        catalog: catalogClient,
        accounts: accountsClient,
        media: deps.media,
      });
      const operator = operatorService({
        sessions: host,
        journal,
        accounts: accountsClient,
        nodeId: deps.nodeId,
      });
      schemas.push(service, operator);
    },
  };
  for (const role of roles) await open[role]?.();
  return { schemas, setupCode: async () => accounts?.ensureSetupCode() };
}
