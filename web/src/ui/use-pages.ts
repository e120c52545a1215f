import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { keep, keptOf } from '../state/kept.ts';
import { toastError } from '../state/toasts.ts';
import { useLoad } from './use-load.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

/** A longer list is not loaded anew under the listener's eyes. */
const RELOADED_PAGES_MAX = 3;

export interface Pages<T> {
  readonly first: ReturnType<typeof useLoad<unknown>>;
  readonly items: readonly T[];
  readonly hasMore: boolean;
  readonly loadMore: () => void;
}

/** A list that grows page by page, kept as a whole under `name`. */
export function usePages<T>(
  name: string,
  load: (cursor?: string) => Promise<Page<T>>,
  reloadOn: readonly unknown[] = [],
): Pages<T> {
  const [, redraw] = useState(0);
  const loading = useRef<string>(undefined);

  async function loadAsFarAsKnown(): Promise<readonly Page<T>[]> {
    const known = keptOf<readonly Page<T>[]>(name) ?? [];
    if (known.length > RELOADED_PAGES_MAX) return known;
    const fresh: Page<T>[] = [await load()];
    for (let cursor = fresh[0]?.nextCursor; cursor && fresh.length < known.length; ) {
      const page = await load(cursor);
      fresh.push(page);
      cursor = page.nextCursor;
    }
    return fresh;
  }

  const first = useLoad(name, loadAsFarAsKnown, reloadOn);
  // What is kept makes room for other lists; what is shown does not.
  const shown = useRef<{ name: string; pages: readonly Page<T>[] }>(undefined);
  const pages = keptOf<readonly Page<T>[]>(name) ?? (shown.current?.name === name ? shown.current.pages : []);
  shown.current = { name, pages };
  const items = useMemo(() => pages.flatMap((page) => page.items), [pages]);
  const cursor = pages.at(-1)?.nextCursor;
  useEffect(() => {
    loading.current = undefined;
  }, [name]);

  return {
    first,
    items,
    hasMore: cursor !== undefined,
    loadMore() {
      if (!cursor || loading.current === cursor) return;
      loading.current = cursor;
      load(cursor).then(
        (page) => {
          if (shown.current?.pages === pages) keep(name, [...pages, page]);
          redraw((n) => n + 1);
        },
        (error: unknown) => {
          loading.current = undefined;
          toastError(error);
        },
      );
    },
  };
}
