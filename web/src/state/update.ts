/** Keeps the player's files in the browser, and offers a newer player once it is here. */
import { t } from '../texts/texts.ts';
import { offer } from './toasts.ts';

/** A page that stays open for days asks again this often. */
const ASK_EVERY_MS = 60 * 60_000;

function offerUpdate(waiting: ServiceWorker): void {
  offer(t('update.ready'), t('update.take'), () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage('take');
  });
}

/** Over plain HTTP, as in a home network, browsers keep nothing; the player works all the same. */
export async function keepShell(): Promise<void> {
  const { serviceWorker } = navigator as Partial<Navigator>;
  if (!serviceWorker) return;
  const registration = await serviceWorker.register('/sw.js');
  // The first worker of this browser replaces no older player.
  const whenReady = (next: ServiceWorker | null) =>
    next?.addEventListener('statechange', () => {
      if (next.state === 'installed' && serviceWorker.controller) offerUpdate(next);
    });
  if (registration.waiting && serviceWorker.controller) offerUpdate(registration.waiting);
  whenReady(registration.installing);
  registration.addEventListener('updatefound', () => whenReady(registration.installing));
  setInterval(() => void registration.update().catch(() => undefined), ASK_EVERY_MS);
}
