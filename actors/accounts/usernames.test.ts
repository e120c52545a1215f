/**
 * Goal: names that a data folder lists from before there were claims belong to their accounts as ever.
 * Method: sign up, then take the claim away, which leaves what such a folder has.
 */
import t, { type Test } from 'tap';
import { PASSWORD, world } from '../../test/accounts/world.ts';
import { USERNAME_CLAIMS, USERNAMES } from './tables.ts';

async function beforeClaims(t: Test) {
  const w = await world(t);
  const { userId } = await w.signUp('adalovelace');
  await w.deps.tables.open(USERNAME_CLAIMS).delete('adalovelace', []);
  return { w, userId };
}

t.test('its holder logs in, and nobody else gets the name', async (t) => {
  const { w, userId } = await beforeClaims(t);
  t.equal((await w.call.login({ username: 'adalovelace', password: PASSWORD })).userId, userId);
  await t.rejects(w.signUp('adalovelace'), { code: 'USERNAME_TAKEN' });
  t.match(await w.call.list({}), { items: [{ userId }] });
});

t.test('it is free once its account is deleted', async (t) => {
  const { w, userId } = await beforeClaims(t);
  await w.call.deleteMe({ userId, password: PASSWORD });
  t.notMatch(w.dump(), userId);
  t.not((await w.signUp('adalovelace')).userId, userId);
});

t.test('a listed name without an account is free', async (t) => {
  const w = await world(t);
  await w.deps.tables.open(USERNAMES).put('a', ['adalovelace'], { userId: 'nobody' });
  const { userId } = await w.signUp('adalovelace');
  t.match(await w.call.list({}), { items: [{ userId }] });
});
