import { useState } from 'preact/hooks';
import { toastError } from '../state/toasts.ts';
import { useLoad } from './use-load.ts';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

/** A list that grows page by page; it starts again from the first page when `keys` change. */
export function usePages<T>(load: (cursor?: string) => Promise<Page<T>>, keys: readonly unknown[]) {
  const first = useLoad(() => load(), keys);
  const firstPage = first.s === 'ready' ? first.value : undefined;
  const [more, setMore] = useState<readonly Page<T>[]>([]);
  // Pages that went on from an earlier first page are of another list.
  const pages = firstPage && more[0] !== firstPage ? [firstPage] : more;
  const cursor = pages.at(-1)?.nextCursor;
  return {
    first,
    items: pages.flatMap((page) => page.items),
    hasMore: cursor !== undefined,
    loadMore: () => {
      if (cursor) load(cursor).then((page) => setMore([...pages, page]), toastError);
    },
  };
}
