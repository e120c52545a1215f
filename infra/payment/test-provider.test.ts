import t from 'tap';
import { DAY_MS, MINUTE_MS } from '../../config/limits.ts';
import { testPaymentProvider } from './test-provider.ts';

t.test('`ok` pays 30 days and renews for 30 more', async (t) => {
  const payment = await testPaymentProvider.start('u', 'ok', 1000);
  t.match(payment, { paid: true, untilMs: 1000 + 30 * DAY_MS });
  if (!payment.paid) return;
  const renewed = await testPaymentProvider.renew(payment.reference, payment.untilMs);
  t.match(renewed, { paid: true, untilMs: 1000 + 60 * DAY_MS });
});

t.test('`expires-soon` pays a minute and is then declined', async (t) => {
  const payment = await testPaymentProvider.start('u', 'expires-soon', 1000);
  t.match(payment, { paid: true, untilMs: 1000 + MINUTE_MS });
  if (payment.paid) t.match(await testPaymentProvider.renew(payment.reference, 0), { paid: false });
});

t.test('`declined` and what is unknown are declined with a reason', async (t) => {
  for (const token of ['declined', '4242']) {
    t.match(await testPaymentProvider.start('u', token, 0), { paid: false, reason: String });
  }
});
