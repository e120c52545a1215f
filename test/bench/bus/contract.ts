/** What the nodes of bus.bench.ts host. */
import { Type } from 'typebox';
import { CommandId, command, defineContract, object, query } from '../../../kit/contract.ts';

const key = Type.String({ minLength: 1 });

export const benchContract = defineContract({
  name: 'bench',
  key: 'key',
  actions: {
    echo: query('What was said', {
      params: object({ key, text: Type.String() }),
      result: object({ text: Type.String() }),
    }),
    add: command('Adds one, journaled', {
      params: object({ key, commandId: CommandId }),
      result: object({ total: Type.Integer() }),
    }),
  },
});

/** Answered with what it was sent, by nothing but the client library of NATS. */
export const RAW_SUBJECT = 'bench.raw';
