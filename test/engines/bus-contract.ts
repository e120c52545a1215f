/** What the nodes of bus.engine.ts host. */
import { Type } from 'typebox';
import { CommandId, command, defineContract, object, query } from '../../kit/contract.ts';

const key = Type.String({ minLength: 1 });
const Where = object({ node: Type.String() });

export const busContract = defineContract({
  name: 'bus-test',
  key: 'key',
  actions: {
    where: query('The node that serves a key', { params: object({ key }), result: Where }),
    act: command('Changes something, some milliseconds long', {
      params: object({ key, commandId: CommandId }),
      result: Where,
    }),
    bytes: query('An answer as large as asked for', {
      params: object({ bytes: Type.Integer(), filling: Type.Optional(Type.String()) }),
      result: object({ text: Type.String() }),
    }),
  },
});
