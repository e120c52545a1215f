import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/http.ts';

export type Loaded<T> =
  | { readonly s: 'loading' }
  | { readonly s: 'ready'; readonly value: T }
  | { readonly s: 'failed'; readonly text: string };

/** An id that cannot be one comes from the address bar. */
const textOf = (error: ApiError): string =>
  error.code === 'INVALID_PARAMS' ? 'There is nothing at this address.' : error.message;

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
        const text = error instanceof ApiError ? textOf(error) : 'This could not be loaded.';
        if (wanted) setState({ s: 'failed', text });
      },
    );
    return () => {
      wanted = false;
    };
  }, [...keys, attempt]);
  return { ...state, reload: () => setAttempt((n) => n + 1) };
}
