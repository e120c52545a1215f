import { ServiceBroker } from 'moleculer';
import t from 'tap';
import { type Caller, clientOf } from '../../kit/client.ts';
import { PASSWORD, world } from '../../test/accounts/world.ts';
import { accountsService } from './accounts.service.ts';
import { accountsContract } from './contract.ts';

t.test('a typed client reaches the accounts over the bus', async (t) => {
  const { accounts } = await world(t);
  const broker = new ServiceBroker({ logger: false });
  broker.createService(accountsService(accounts));
  await broker.start();
  t.teardown(() => broker.stop());
  const client = clientOf(accountsContract, broker as unknown as Caller);
  const { userId } = await client.signUp({ username: 'ada', password: PASSWORD });
  t.match(await client.me({ userId }), { username: 'ada' });
  t.match(await client.jwks({}), { keys: [{ alg: 'ES256' }] });
  await t.rejects(client.login({ username: 'ada', password: 'wrong' }), { code: 'LOGIN_FAILED' });
});
