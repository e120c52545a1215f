import { serviceOf } from '../../kit/service.ts';
import type { Warming } from './actor.ts';
import { warmingContract } from './contract.ts';

/** Belongs on one node: two would plan the same fetches twice. */
export const warmingService = (warming: Warming) =>
  serviceOf(warmingContract, warming.handlers, {
    started: () => warming.start(),
    stopped: async () => warming[Symbol.asyncDispose](),
  });
