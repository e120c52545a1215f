/** Premium as a state machine: none -> active -> pastDue -> none, active -> cancelled -> none. */
import { PAYMENT_GRACE_MS, PAYMENT_RETRY_EVERY_MS } from '../../config/limits.ts';
import type { Subscription, Tier } from './contract.ts';

/** `reference` is the payment provider's name for the agreement to pay. */
export type SubscriptionState =
  | { readonly state: 'none' }
  | { readonly state: 'active'; readonly reference: string; readonly untilMs: number }
  /** The period `dueAtMs` began unpaid; premium goes on until `untilMs`. */
  | {
      readonly state: 'pastDue';
      readonly reference: string;
      readonly dueAtMs: number;
      readonly untilMs: number;
      readonly retryAtMs: number;
    }
  | { readonly state: 'cancelled'; readonly reference: string; readonly untilMs: number };

export type SubscriptionInput =
  | { readonly type: 'paid'; readonly reference: string; readonly untilMs: number }
  | { readonly type: 'declined' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'resumed' };

export const NO_SUBSCRIPTION: SubscriptionState = { state: 'none' };

/** The state once the passing of time has been taken in; no timer is needed, whoever reads asks this. */
export function subscriptionAt(subscription: SubscriptionState, nowMs: number): SubscriptionState {
  switch (subscription.state) {
    case 'none':
      return subscription;
    case 'active': {
      const { reference, untilMs: dueAtMs } = subscription;
      if (nowMs < dueAtMs) return subscription;
      const untilMs = dueAtMs + PAYMENT_GRACE_MS;
      return subscriptionAt({ state: 'pastDue', reference, dueAtMs, untilMs, retryAtMs: dueAtMs }, nowMs);
    }
    case 'pastDue':
    case 'cancelled':
      return nowMs < subscription.untilMs ? subscription : NO_SUBSCRIPTION;
  }
}

/** Inputs that mean nothing in a state leave it as it is. */
export function subscriptionAfter(
  before: SubscriptionState,
  input: SubscriptionInput,
  nowMs: number,
): SubscriptionState {
  const subscription = subscriptionAt(before, nowMs);
  switch (input.type) {
    case 'paid':
      return { state: 'active', reference: input.reference, untilMs: input.untilMs };
    case 'declined':
      return subscription.state === 'pastDue'
        ? { ...subscription, retryAtMs: nowMs + PAYMENT_RETRY_EVERY_MS }
        : subscription;
    case 'cancelled':
      if (subscription.state === 'active') return { ...subscription, state: 'cancelled' };
      // What was never paid for has no rest to run out.
      return subscription.state === 'pastDue' ? NO_SUBSCRIPTION : subscription;
    case 'resumed':
      return subscription.state === 'cancelled' ? { ...subscription, state: 'active' } : subscription;
  }
}

export const tierAt = (subscription: SubscriptionState, nowMs: number): Tier =>
  subscriptionAt(subscription, nowMs).state === 'none' ? 'free' : 'premium';

/** What the account's owner sees of it. */
export function subscriptionView(
  stored: SubscriptionState,
  nowMs: number,
  granted: boolean | undefined,
): Subscription {
  const subscription = subscriptionAt(stored, nowMs);
  if (granted && subscription.state === 'none') return { tier: 'premium', state: 'granted' };
  return {
    tier: granted ? 'premium' : tierAt(subscription, nowMs),
    state: subscription.state,
    ...(subscription.state !== 'none' && { untilMs: subscription.untilMs }),
  };
}
