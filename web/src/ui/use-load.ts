import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/http.ts';
import { isKept, keep, keptOf } from '../state/kept.ts';
import { t } from '../texts/texts.ts';

export type Loaded<T> =
  | { readonly s: 'loading' }
  | { readonly s: 'ready'; readonly value: T }
  | { readonly s: 'failed'; readonly text: string; readonly isAway: boolean };

function textOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.load');
  if (error.status === 0) return t('error.offline');
  if (error.status >= 500) return t('error.away');
  // An id that cannot be one comes from the address bar.
  return error.code === 'INVALID_PARAMS' || error.status === 404 ? t('error.nothingHere') : error.message;
}

interface Options {
  /** False: an earlier answer to the same question is not shown again. */
  readonly keeps?: boolean;
}

/**
 * Loads what `name` stands for, and again when one of `reloadOn` changes. What was loaded stays until the new
 * is there, and when the new cannot be had.
 */
export function useLoad<T>(
  name: string,
  load: () => Promise<T>,
  reloadOn: readonly unknown[] = [],
  { keeps = true }: Options = {},
): Loaded<T> & { reload: () => void } {
  const [found, setFound] = useState<{ name: string; loaded: Loaded<T> }>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let wanted = true;
    load().then(
      (value) => {
        if (keeps) keep(name, value);
        if (wanted) setFound({ name, loaded: { s: 'ready', value } });
      },
      (error: unknown) => {
        if (!wanted || (keeps && isKept(name))) return;
        const isAway = error instanceof ApiError && error.isAway;
        setFound({ name, loaded: { s: 'failed', text: textOf(error), isAway } });
      },
    );
    return () => {
      wanted = false;
    };
  }, [name, attempt, ...reloadOn]);

  const before = keeps && isKept(name) ? keptOf<T>(name) : undefined;
  const loaded: Loaded<T> =
    found?.name === name
      ? found.loaded
      : before === undefined
        ? { s: 'loading' }
        : { s: 'ready', value: before };
  return { ...loaded, reload: () => setAttempt((n) => n + 1) };
}
