/**
 * Goal: too much work, a service that hangs, and a node that leaves, as clients of the gateway see them.
 * Method: the real gateway over HTTP with doubles of the actors; the load is real work on the same event loop.
 */
import t, { type Test } from 'tap';
import { playerContract } from '../../actors/player-session/contract.ts';
import {
  BREAKER_CALLS_MIN,
  BREAKER_OPEN_MS,
  IN_FLIGHT_SEARCH_MAX,
  READY_DRAIN_MS,
  SECOND_MS,
} from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import { bearer, idOf, ManualClock, request, type StartOptions, sampleOf, startGateway } from './doubles.ts';

async function start(t: Test, options: StartOptions = {}) {
  const running = await startGateway(options);
  t.teardown(() => running[Symbol.asyncDispose]());
  const get = (path: string) => request(`${running.url}${path}`, 'GET', { headers: bearer() });
  const post = (path: string, body: unknown) =>
    request(`${running.url}${path}`, 'POST', { headers: bearer(), body });
  return { ...running, get, post };
}

t.test('under more work than it can do it refuses browsing at once and goes on playing', async (t) => {
  const busy = async () => {
    const untilMs = performance.now() + 10;
    while (performance.now() < untilMs);
    return { items: [] };
  };
  const { get } = await start(t, { overrides: { 'catalog.albums': busy } });
  let refusal: Response | undefined;
  const browse = async () => {
    while (!refusal) {
      const response = await get('/api/albums');
      if (response.status === 503) refusal = response;
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 40 }, browse));
  t.ok(Number(refusal?.headers.get('retry-after')) > 0);
  t.equal(refusal?.headers.get('content-type'), 'application/problem+json');
  t.equal((await get('/api/me/player')).status, 200);
  t.equal((await get('/healthz')).status, 200);
});

t.test('a service that hangs fills its own share and holds up nobody else', async (t) => {
  const hang = Promise.withResolvers<object>();
  const { get } = await start(t, { overrides: { 'search.search': () => hang.promise } });
  const waiting = Array.from({ length: IN_FLIGHT_SEARCH_MAX }, () => get('/api/search?query=x'));
  const refused = async (): Promise<Response> => {
    const response = await get('/api/search?query=y');
    return response.status === 503 ? response : refused();
  };
  // One that found room waits with the others until the hanging ends.
  const first = await Promise.race([refused(), refused(), refused()]);
  t.match(await first.json(), { code: 'OVERLOADED', reason: 'IN_FLIGHT', retryAfterSec: Number });
  t.equal((await get('/api/me/player')).status, 200);
  hang.resolve({});
  for (const response of await Promise.all(waiting)) t.equal(response.status, 200);
});

t.test('a search that keeps failing is answered for at once', async (t) => {
  let asked = 0;
  const fail = async () => {
    asked++;
    throw new UnavailableError('SEARCH_UNAVAILABLE', 'Search is away.', { retryAfterSec: 1 });
  };
  const { get } = await start(t, { overrides: { 'search.search': fail } });
  for (let i = 0; i < BREAKER_CALLS_MIN; i++) await get('/api/search?query=x');
  const refused = await get('/api/search?query=x');
  t.equal(refused.headers.get('retry-after'), String(BREAKER_OPEN_MS / SECOND_MS));
  t.match(await refused.json(), { code: 'SEARCH_UNAVAILABLE' });
  t.equal(asked, BREAKER_CALLS_MIN);
});

t.test('a command is named for a client that does not name it, so that it can be sent again', async (t) => {
  let tries = 0;
  const awayOnce = async () => {
    if (tries++ === 0) throw new UnavailableError('OUTCOME_UNKNOWN', 'Send it again.');
    return sampleOf(playerContract.actions.pause.result);
  };
  const { post, calls } = await start(t, { overrides: { 'player-session.pause': awayOnce } });
  t.equal((await post('/api/me/player/pause', {})).status, 200);
  await post('/api/me/player/pause', { commandId: 'mine' });
  const ids = calls
    .filter(({ action }) => action === 'player-session.pause')
    .map(({ params }) => params.commandId);
  t.equal(ids.length, 3);
  t.ok(ids[0]);
  t.equal(ids[1], ids[0]);
  t.equal(ids[2], 'mine');
});

t.test('what may not be repeated is sent once', async (t) => {
  const away = async () => {
    throw new UnavailableError('PAYMENT_AWAY', 'Try again later.');
  };
  const { post, calls } = await start(t, { overrides: { 'accounts.subscribe': away } });
  t.equal((await post('/api/me/subscription', { paymentToken: 'x' })).status, 503);
  t.equal(calls.filter(({ action }) => action === 'accounts.subscribe').length, 1);
});

t.test('a gateway that leaves says so first, and serves until it closes', async (t) => {
  const clock = new ManualClock();
  const { get, gateway } = await start(t, { clock });
  t.equal((await get('/readyz')).status, 200);
  const left = gateway.leave();
  t.equal((await get('/readyz')).status, 503);
  t.equal((await get(`/api/songs/${idOf(3)}`)).status, 200);
  clock.advance(READY_DRAIN_MS);
  await left;
});
