/** Goal: a failing service is left alone and found again. Method: a clock that moves when told to. */
import t from 'tap';
import { BREAKER_CALLS_MIN, BREAKER_OPEN_MS, BREAKER_WINDOW_MS } from '../../config/limits.ts';
import { NotFoundError, UnavailableError } from '../../kit/errors.ts';
import { manualClock } from '../../test/contract-suites/harness.ts';
import { createBreaker } from './breaker.ts';

const broken = async () => {
  throw new Error('broken');
};
const works = async () => 'done';

function start() {
  const clock = manualClock();
  const breaker = createBreaker('search', clock);
  const fail = async (times: number) => {
    for (let i = 0; i < times; i++) await breaker.run(broken).catch(() => {});
  };
  return { clock, breaker, fail };
}

t.test('a service that keeps failing is left alone, then tried by one call at a time', async (t) => {
  const { clock, breaker, fail } = start();
  await fail(BREAKER_CALLS_MIN);
  const away = { code: 'SERVICE_AWAY', data: { retryAfterSec: Number } };
  await t.rejects(breaker.run(works), away);
  clock.advance(BREAKER_OPEN_MS);
  const answer = Promise.withResolvers<string>();
  const probe = breaker.run(() => answer.promise);
  await t.rejects(breaker.run(works), away, 'while the probe is under way');
  answer.resolve('back');
  t.equal(await probe, 'back');
  t.equal(await breaker.run(works), 'done');
});

t.test('a probe that fails leaves it alone for as long again', async (t) => {
  const { clock, breaker, fail } = start();
  await fail(BREAKER_CALLS_MIN);
  clock.advance(BREAKER_OPEN_MS);
  await t.rejects(breaker.run(broken), { message: 'broken' });
  clock.advance(BREAKER_OPEN_MS - 1);
  await t.rejects(breaker.run(works), UnavailableError);
  clock.advance(1);
  t.equal(await breaker.run(works), 'done');
});

t.test('refusals are answers, and failures long ago are forgotten', async (t) => {
  const { breaker } = start();
  for (let i = 0; i < 2 * BREAKER_CALLS_MIN; i++) {
    await t.rejects(
      breaker.run(async () => {
        throw new NotFoundError('SONG_NOT_FOUND', 'There is no such song.');
      }),
    );
  }
  t.equal(await breaker.run(works), 'done');
  const other = start();
  await other.fail(BREAKER_CALLS_MIN - 1);
  other.clock.advance(BREAKER_WINDOW_MS + 1);
  await other.fail(BREAKER_CALLS_MIN - 1);
  t.equal(await other.breaker.run(works), 'done');
});
