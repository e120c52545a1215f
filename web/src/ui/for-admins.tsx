import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { profile } from '../state/session.ts';

/** A part that administrators see, fetched when one is here; until then, and for all others, nothing. */
export function ForAdmins({ load }: { load: () => Promise<ComponentType> }) {
  const [Part, setPart] = useState<ComponentType>();
  const isAdmin = profile()?.roles.includes('admin') === true;
  useEffect(() => {
    if (!isAdmin) return;
    load().then(
      (part) => setPart(() => part),
      // Without it the page is what all others see.
      () => undefined,
    );
  }, [isAdmin]);
  return Part && isAdmin ? <Part /> : null;
}
