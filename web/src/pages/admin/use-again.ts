import { useEffect } from 'preact/hooks';

/** Looks again from time to time while somebody can see it. */
export function useAgain(look: () => void, everyMs: number): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') look();
    }, everyMs);
    return () => clearInterval(timer);
  }, []);
}
