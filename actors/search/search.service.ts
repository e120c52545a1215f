import { serviceOf } from '../../kit/service.ts';
import type { Search } from './actor.ts';
import { searchContract } from './contract.ts';

export const searchService = (search: Search) =>
  serviceOf(searchContract, search.handlers, {
    started: () => search.start(),
    stopped: async () => search[Symbol.asyncDispose](),
  });
