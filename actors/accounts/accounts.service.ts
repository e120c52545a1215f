import type { ServiceSchema } from 'moleculer';
import { serviceOf } from '../../kit/service.ts';
import type { Accounts } from './actor.ts';
import { accountsContract } from './contract.ts';

export const accountsService = (accounts: Accounts): ServiceSchema =>
  serviceOf(accountsContract, accounts.handlers, { stopped: async () => accounts[Symbol.asyncDispose]() });
