/**
 * A list of which only the rows in sight are in the document, however long it is. Rows are of one height, and
 * keep their place by a transform, so that scrolling moves nothing that is drawn already.
 */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { MenuProps } from './parts/menu.tsx';
import { BEYOND_ROWS, type Window, windowOf } from './window.ts';

/** What comes next is asked for this many rows before it is in sight. */
const NEAR_END_ROWS = 60;

interface VirtualListProps<T> {
  readonly items: readonly T[];
  readonly rowPx: number;
  readonly keyOf: (item: T, index: number) => string;
  readonly render: (item: T, index: number) => ComponentChildren;
  readonly label: string;
  readonly class?: string;
  readonly rowClass?: (item: T, index: number) => string;
  readonly rowProps?: (item: T, index: number) => MenuProps;
  /** How many there are in all, where more are loaded on the way. */
  readonly total?: number;
  readonly onNearEnd?: () => void;
  /** What else the rows are drawn from: another word draws them anew. */
  readonly drawnWith?: string;
}

const scrollerOf = (element: HTMLElement): HTMLElement =>
  element.closest<HTMLElement>('[data-scroller]') ?? document.documentElement;

const CONTROLS = 'a[href], button:not(:disabled)';

export function VirtualList<T>(props: VirtualListProps<T>) {
  const { items, rowPx, keyOf, render, label, rowClass, rowProps, total, onNearEnd } = props;
  const root = useRef<HTMLOListElement>(null);
  const [seen, setSeen] = useState<Window>({ from: 0, until: 3 * BEYOND_ROWS });
  /** The one row that the Tab key enters. */
  const [active, setActive] = useState(0);
  const wanted = useRef<{ index: number; control: number }>(undefined);
  const rows = items.length;

  useLayoutEffect(() => {
    const list = root.current;
    if (!list) return;
    const scroller = scrollerOf(list);
    let frame = 0;
    const look = () => {
      frame = 0;
      const above = scroller.getBoundingClientRect().top - list.getBoundingClientRect().top;
      const next = windowOf(
        Math.floor(above / rowPx),
        Math.ceil((above + scroller.clientHeight) / rowPx),
        rows,
      );
      setSeen((now) => (now.from === next.from && now.until === next.until ? now : next));
    };
    const lookSoon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    const resized = new ResizeObserver(lookSoon);
    resized.observe(scroller);
    scroller.addEventListener('scroll', lookSoon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      resized.disconnect();
      scroller.removeEventListener('scroll', lookSoon);
    };
  }, [rows, rowPx]);

  const isNearEnd = seen.until >= rows - NEAR_END_ROWS;
  useEffect(() => {
    if (isNearEnd) onNearEnd?.();
  }, [isNearEnd, rows]);

  // The Tab key passes through one row, not through thousands.
  useLayoutEffect(() => {
    for (const control of root.current?.querySelectorAll<HTMLElement>(CONTROLS) ?? []) {
      const index = Number(control.closest<HTMLElement>('[data-index]')?.dataset.index);
      const tabIndex = index === Math.min(active, rows - 1) ? 0 : -1;
      if (control.tabIndex !== tabIndex) control.tabIndex = tabIndex;
    }
  });

  // A row that was chosen by a key may only now be in the document.
  useLayoutEffect(() => {
    if (!wanted.current) return;
    const { index, control } = wanted.current;
    const row = root.current?.querySelector(`[data-index="${index}"]`);
    const controls = row?.querySelectorAll<HTMLElement>(CONTROLS);
    if (!controls) return;
    wanted.current = undefined;
    controls[Math.min(control, controls.length - 1)]?.focus({ preventScroll: true });
  });

  function moveTo(index: number, control: number): void {
    const list = root.current;
    if (!list) return;
    const to = Math.max(0, Math.min(rows - 1, index));
    const scroller = scrollerOf(list);
    const view = scroller.getBoundingClientRect();
    const top = list.getBoundingClientRect().top + to * rowPx;
    const over = top - view.top - rowPx;
    const under = top + 2 * rowPx - (view.top + scroller.clientHeight);
    if (over < 0) scroller.scrollTop += over;
    else if (under > 0) scroller.scrollTop += under;
    wanted.current = { index: to, control };
    setActive(to);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = Number(row.dataset.index);
    const pageRows = Math.max(1, Math.floor(scrollerOf(row).clientHeight / rowPx) - 2);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + pageRows,
      PageUp: at - pageRows,
      Home: 0,
      End: rows - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const control = [...row.querySelectorAll(CONTROLS)].indexOf(event.target as HTMLElement);
    moveTo(to, Math.max(0, control));
  }

  const row = (item: T, index: number) => (
    <li
      key={keyOf(item, index)}
      data-index={index}
      class={rowClass?.(item, index) ?? ''}
      style={{ transform: `translateY(${index * rowPx}px)`, height: `${rowPx}px` }}
      aria-posinset={index + 1}
      aria-setsize={total ?? rows}
      {...rowProps?.(item, index)}
    >
      {render(item, index)}
    </li>
  );
  // A row that is drawn already is given back as it was, so that scrolling draws the new ones alone.
  const before = useRef<{ items: readonly T[]; with: string; rows: Map<number, VNode> }>(undefined);
  const drawnWith = `${rowPx} ${total ?? ''} ${props.drawnWith ?? ''}`;
  const isSame = before.current?.items === items && before.current.with === drawnWith;
  const earlier = isSame ? before.current?.rows : undefined;
  const first = Math.min(seen.from, rows);
  const drawn = new Map(
    items.slice(first, seen.until).map((item, i) => {
      const index = first + i;
      return [index, earlier?.get(index) ?? row(item, index)] as const;
    }),
  );
  before.current = { items, with: drawnWith, rows: drawn };
  const kept = items[active];
  // Scrolled out of sight, the row that has the focus must not lose it.
  const outside = kept !== undefined && (active < first || active >= seen.until);
  return (
    <ol
      ref={root}
      class={`virtual ${props.class ?? ''}`}
      style={{ height: `${rows * rowPx}px` }}
      aria-label={label}
      onKeyDown={onKeyDown}
      onFocusIn={(event) => {
        const focused = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
        if (focused) setActive(Number(focused.dataset.index));
      }}
    >
      {[...drawn.values()]}
      {outside && row(kept, active)}
    </ol>
  );
}
