import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/http.ts';

export type Loaded<T> =
  | { readonly s: 'loading' }
  | { readonly s: 'ready'; readonly value: T }
  | { readonly s: 'failed'; readonly text: string; readonly isAway: boolean };

const AWAY = 'This part of the service is away for the moment. What plays goes on; try again soon.';

function textOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'This could not be loaded.';
  if (error.status >= 500) return AWAY;
  // An id that cannot be one comes from the address bar.
  return error.code === 'INVALID_PARAMS' ? 'There is nothing at this address.' : error.message;
}

/** Loads when `keys` change; what was shown stays until the new is there. */
export function useLoad<T>(
  load: () => Promise<T>,
  keys: readonly unknown[],
): Loaded<T> & { reload: () => void } {
  const [state, setState] = useState<Loaded<T>>({ s: 'loading' });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let wanted = true;
    load().then(
      (value) => wanted && setState({ s: 'ready', value }),
      (error: unknown) => {
        const isAway = error instanceof ApiError && error.isAway;
        if (wanted) setState({ s: 'failed', text: textOf(error), isAway });
      },
    );
    return () => {
      wanted = false;
    };
  }, [...keys, attempt]);
  return { ...state, reload: () => setAttempt((n) => n + 1) };
}
