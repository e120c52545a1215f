import t from 'tap';
import { DAY_MS, PAYMENT_GRACE_MS, PAYMENT_RETRY_EVERY_MS } from '../../config/limits.ts';
import {
  NO_SUBSCRIPTION,
  type SubscriptionInput,
  type SubscriptionState,
  subscriptionAfter,
  subscriptionAt,
  subscriptionView,
  tierAt,
} from './domain-subscription.ts';

const START_MS = 1_000_000;
const DUE_MS = START_MS + 30 * DAY_MS;
const reference = 'r';
const active: SubscriptionState = { state: 'active', reference, untilMs: DUE_MS };
const cancelled: SubscriptionState = { state: 'cancelled', reference, untilMs: DUE_MS };
const pastDue = subscriptionAt(active, DUE_MS);
const paid: SubscriptionInput = { type: 'paid', reference: 'new', untilMs: DUE_MS * 2 };

t.test('A24: every input in every state', async (t) => {
  const rows: [SubscriptionState, SubscriptionInput, string][] = [
    [NO_SUBSCRIPTION, paid, 'active'],
    [NO_SUBSCRIPTION, { type: 'declined' }, 'none'],
    [NO_SUBSCRIPTION, { type: 'cancelled' }, 'none'],
    [NO_SUBSCRIPTION, { type: 'resumed' }, 'none'],
    [active, paid, 'active'],
    [active, { type: 'declined' }, 'active'],
    [active, { type: 'cancelled' }, 'cancelled'],
    [active, { type: 'resumed' }, 'active'],
    [pastDue, paid, 'active'],
    [pastDue, { type: 'declined' }, 'pastDue'],
    [pastDue, { type: 'cancelled' }, 'none'],
    [pastDue, { type: 'resumed' }, 'pastDue'],
    [cancelled, paid, 'active'],
    [cancelled, { type: 'declined' }, 'cancelled'],
    [cancelled, { type: 'cancelled' }, 'cancelled'],
    [cancelled, { type: 'resumed' }, 'active'],
  ];
  for (const [before, input, after] of rows) {
    const nowMs = before === pastDue ? DUE_MS : START_MS;
    t.equal(subscriptionAfter(before, input, nowMs).state, after, `${before.state} + ${input.type}`);
  }
});

t.test('A24: an unpaid period is past due, keeps premium for the grace, then is none', async (t) => {
  t.equal(subscriptionAt(active, DUE_MS - 1).state, 'active');
  t.match(subscriptionAt(active, DUE_MS), { state: 'pastDue', dueAtMs: DUE_MS, retryAtMs: DUE_MS });
  t.equal(tierAt(active, DUE_MS + PAYMENT_GRACE_MS - 1), 'premium');
  t.equal(tierAt(active, DUE_MS + PAYMENT_GRACE_MS), 'free');
  t.same(subscriptionAt(active, DUE_MS + PAYMENT_GRACE_MS), NO_SUBSCRIPTION);
});

t.test('A24: what is cancelled runs out at the end of the paid period, without a grace', async (t) => {
  t.equal(tierAt(cancelled, DUE_MS - 1), 'premium');
  t.equal(tierAt(cancelled, DUE_MS), 'free');
});

t.test('A25: a refusal puts the next try off and leaves the end of the grace where it is', async (t) => {
  const refused = subscriptionAfter(active, { type: 'declined' }, DUE_MS + 5);
  t.match(refused, {
    state: 'pastDue',
    retryAtMs: DUE_MS + 5 + PAYMENT_RETRY_EVERY_MS,
    untilMs: DUE_MS + PAYMENT_GRACE_MS,
  });
});

t.test('A24: the owner sees tier, state and end', async (t) => {
  t.same(subscriptionView(NO_SUBSCRIPTION, 0, false), { tier: 'free', state: 'none' });
  t.same(subscriptionView(active, DUE_MS, false), {
    tier: 'premium',
    state: 'pastDue',
    untilMs: DUE_MS + PAYMENT_GRACE_MS,
  });
});
