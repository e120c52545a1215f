/**
 * A payment provider that moves no money: the default, for trying out and for services that are free.
 *
 * Tokens: `ok` pays 30 days and renews; `expires-soon` pays a minute and the renewal is declined;
 * `declined` and anything else is declined.
 */
import type { Payment, PaymentProvider } from '../../actors/accounts/ports.ts';
import { DAY_MS, MINUTE_MS } from '../../config/limits.ts';

const PERIOD_MS = 30 * DAY_MS;
const DECLINED: Payment = { paid: false, reason: 'The test provider accepts `ok` and `expires-soon`.' };

export const testPaymentProvider: PaymentProvider = {
  async start(_userId, paymentToken, nowMs) {
    switch (paymentToken) {
      case 'ok':
        return { paid: true, reference: 'test-renewing', untilMs: nowMs + PERIOD_MS };
      case 'expires-soon':
        return { paid: true, reference: 'test-expiring', untilMs: nowMs + MINUTE_MS };
      default:
        return DECLINED;
    }
  },
  async renew(reference, dueAtMs) {
    if (reference !== 'test-renewing') return DECLINED;
    return { paid: true, reference, untilMs: dueAtMs + PERIOD_MS };
  },
};
