import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** More is asked for this long before its place is in sight. */
const AHEAD = '1200px';

/** Cards in a grid; more of them come as the end comes near. */
export function GrowingGrid({
  children,
  onNearEnd,
}: {
  children: ComponentChildren;
  onNearEnd?: () => void;
}) {
  const end = useRef<HTMLElement>(null);
  const ask = useRef(onNearEnd);
  ask.current = onNearEnd;
  useEffect(() => {
    if (!end.current) return;
    const near = new IntersectionObserver(([seen]) => seen?.isIntersecting && ask.current?.(), {
      root: document.getElementById('content'),
      rootMargin: AHEAD,
    });
    near.observe(end.current);
    return () => near.disconnect();
  }, [children]);
  return (
    <>
      <div class="cards grid">{children}</div>
      {onNearEnd && <i ref={end} class="grid-end" aria-hidden="true" />}
    </>
  );
}
