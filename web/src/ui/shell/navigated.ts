/**
 * What a browser does between documents, for pages that are one: the title, the focus, and on the way back the
 * place that was scrolled to.
 */
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { useLocation } from 'preact-iso';

const SCROLLS_KEPT_MAX = 100;
/** A page that is still loading may grow to where it was left within this time. */
const GROWS_FOR_MS = 3000;

const scrolls = new Map<number, number>();
let entry = 0;
let lastEntry = 0;

const content = (): HTMLElement | null => document.getElementById('content');

/** Each entry of the browser's history has a number; a new one gets the next. */
function enter(): { isKnown: boolean } {
  const state = history.state as { entry?: number } | null;
  if (typeof state?.entry === 'number') {
    const isKnown = scrolls.has(state.entry);
    entry = state.entry;
    lastEntry = Math.max(lastEntry, entry);
    return { isKnown };
  }
  entry = ++lastEntry;
  history.replaceState({ entry }, '');
  return { isKnown: false };
}

function scrollBackTo(top: number): () => void {
  const box = content();
  const page = box?.firstElementChild;
  if (!box || !page) return () => undefined;
  box.scrollTop = top;
  if (box.scrollTop >= top - 1) return () => undefined;
  const grown = new ResizeObserver(() => {
    box.scrollTop = top;
    if (box.scrollTop >= top - 1) stop();
  });
  const timer = setTimeout(() => stop(), GROWS_FOR_MS);
  const stop = () => {
    clearTimeout(timer);
    grown.disconnect();
    box.removeEventListener('wheel', stop);
    box.removeEventListener('touchmove', stop);
  };
  grown.observe(page);
  box.addEventListener('wheel', stop, { passive: true });
  box.addEventListener('touchmove', stop, { passive: true });
  return stop;
}

export function useNavigation(): void {
  const { path, url } = useLocation();
  useLayoutEffect(() => {
    const { isKnown } = enter();
    return scrollBackTo(isKnown ? (scrolls.get(entry) ?? 0) : 0);
  }, [url]);

  useEffect(() => {
    // Who typed in a field of the page, or came by the first load, is left where they are.
    if (lastEntry > 1) content()?.focus({ preventScroll: true });
  }, [path]);

  useEffect(() => {
    const box = content();
    const remember = () => {
      scrolls.delete(entry);
      scrolls.set(entry, box?.scrollTop ?? 0);
      const oldest = scrolls.keys().next().value;
      if (scrolls.size > SCROLLS_KEPT_MAX && oldest !== undefined) scrolls.delete(oldest);
    };
    box?.addEventListener('scroll', remember, { passive: true });
    return () => box?.removeEventListener('scroll', remember);
  }, []);
}

const NAME = 'Antiphon';

/** Names the page, for the window and for those who hear it. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · ${NAME}` : NAME;
    content()?.setAttribute('aria-label', title ?? NAME);
  }, [title]);
}
