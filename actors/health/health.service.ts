import type { ServiceSchema } from 'moleculer';
import { serviceOf } from '../../kit/service.ts';
import type { HealthActor } from './actor.ts';
import { healthContract } from './contract.ts';

export const healthService = (health: HealthActor): ServiceSchema =>
  serviceOf(healthContract, health.handlers, { stopped: async () => health[Symbol.asyncDispose]() });
