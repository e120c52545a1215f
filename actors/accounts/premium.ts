/** Premium: started, cancelled and renewed through the payment provider. */
import { ForbiddenError, UnavailableError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import type { Clock } from '../../kit/sources.ts';
import type { Subscription } from './contract.ts';
import { type Account, setSubscription } from './domain.ts';
import {
  type SubscriptionInput,
  subscriptionAfter,
  subscriptionAt,
  subscriptionView,
} from './domain-subscription.ts';
import type { PaymentProvider } from './ports.ts';
import type { AccountStore } from './store.ts';

const log = logger('accounts-premium');

export interface Premium {
  subscribe(userId: string, paymentToken: string): Promise<Subscription>;
  unsubscribe(userId: string): Promise<Subscription>;
  /** Asks for the next period when it is due, and writes down what has run out. */
  broughtUpToDate(account: Account): Promise<Account>;
}

export function createPremium(store: AccountStore, payments: PaymentProvider, clock: Clock): Premium {
  const apply = async (userId: string, input: SubscriptionInput): Promise<Account> => {
    const nowMs = clock.nowMs();
    const { account } = await store.change(userId, (account) =>
      setSubscription(account, subscriptionAfter(account.subscription, input, nowMs), nowMs),
    );
    return account;
  };
  const viewOf = (account: Account): Subscription =>
    subscriptionView(account.subscription, clock.nowMs(), account.premiumGranted);

  async function firstPayment(userId: string, paymentToken: string): Promise<SubscriptionInput> {
    const payment = await payments.start(userId, paymentToken, clock.nowMs()).catch((error: unknown) => {
      log.warn({ err: error, userId }, 'payment provider failed');
      throw new UnavailableError('PAYMENT_AWAY', 'The payment could not be made now; try again later.');
    });
    if (payment.paid) return { type: 'paid', reference: payment.reference, untilMs: payment.untilMs };
    throw new ForbiddenError('PAYMENT_DECLINED', 'The payment was declined; try another way to pay.', {
      reason: payment.reason,
    });
  }

  return {
    async subscribe(userId, paymentToken) {
      const account = await store.require(userId);
      const { state } = subscriptionAt(account.subscription, clock.nowMs());
      if (state === 'active') return viewOf(account);
      // What is cancelled is still paid for: nothing is charged to go on.
      const input =
        state === 'cancelled' ? ({ type: 'resumed' } as const) : firstPayment(userId, paymentToken);
      return viewOf(await apply(userId, await input));
    },

    unsubscribe: async (userId) => viewOf(await apply(userId, { type: 'cancelled' })),

    async broughtUpToDate(account) {
      const { userId } = account;
      const nowMs = clock.nowMs();
      const due = subscriptionAt(account.subscription, nowMs);
      if (due.state === 'none' && account.subscription.state !== 'none') {
        return (
          await store.change(userId, (account) =>
            setSubscription(account, subscriptionAt(account.subscription, nowMs), nowMs),
          )
        ).account;
      }
      if (due.state !== 'pastDue' || nowMs < due.retryAtMs) return account;
      try {
        const payment = await payments.renew(due.reference, due.dueAtMs);
        const { paid } = payment;
        return await apply(
          userId,
          paid
            ? { type: 'paid', reference: payment.reference, untilMs: payment.untilMs }
            : { type: 'declined' },
        );
      } catch (error) {
        // The grace period covers a provider that is away.
        log.warn({ err: error, userId }, 'renewal is tried again later');
        return account;
      }
    },
  };
}
