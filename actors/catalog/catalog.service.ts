import { serviceOf } from '../../kit/service.ts';
import type { Catalog } from './actor.ts';
import { catalogContract } from './contract.ts';

export const catalogService = (catalog: Catalog) =>
  serviceOf(catalogContract, catalog.handlers, {
    started: () => catalog.start(),
    stopped: async () => catalog[Symbol.asyncDispose](),
  });
