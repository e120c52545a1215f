import { serviceOf } from '../../kit/service.ts';
import type { History } from './actor.ts';
import { historyContract } from './contract.ts';

export const historyService = (history: History) =>
  serviceOf(historyContract, history.handlers, {
    started: () => history.start(),
    stopped: async () => history[Symbol.asyncDispose](),
  });
