/** Rows of one height are put in another order: by mouse, finger or the arrow keys on their grip. */
import type { ComponentProps } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { type Drag, placeOf, shiftOf } from './order.ts';

/** This near to an edge of what scrolls, it scrolls. */
const EDGE_PX = 56;
const SCROLL_PX = 9;

type GripProps = Pick<ComponentProps<'button'>, 'onPointerDown' | 'onKeyDown'>;

export function useReorder(rows: number, move: (from: number, to: number) => Promise<void>) {
  const list = useRef<HTMLOListElement>(null);
  const [drag, setDrag] = useState<Drag | undefined>(undefined);

  function start(event: PointerEvent, from: number): void {
    const row = list.current?.children[from];
    const scroller = list.current?.closest<HTMLElement>('[data-scroller]');
    if (event.button !== 0 || !row || !scroller) return;
    event.preventDefault();
    const rowPx = row.getBoundingClientRect().height;
    const startedAt = event.clientY + scroller.scrollTop;
    let pointerY = event.clientY;
    let last: Drag | undefined;
    let frame = 0;

    const follow = () => {
      const box = scroller.getBoundingClientRect();
      if (pointerY < box.top + EDGE_PX) scroller.scrollTop -= SCROLL_PX;
      else if (pointerY > box.bottom - EDGE_PX) scroller.scrollTop += SCROLL_PX;
      const byPx = pointerY + scroller.scrollTop - startedAt;
      last = { from, to: placeOf(from, byPx, rowPx, rows), byPx, rowPx };
      setDrag(last);
      frame = requestAnimationFrame(follow);
    };
    const onMove = (moved: PointerEvent) => {
      pointerY = moved.clientY;
    };
    const stop = () => {
      cancelAnimationFrame(frame);
      removeEventListener('pointermove', onMove);
      removeEventListener('pointerup', onUp);
      removeEventListener('pointercancel', stop);
      removeEventListener('keydown', onKey, true);
      setDrag(undefined);
    };
    const onUp = () => {
      stop();
      if (last) void move(from, last.to);
    };
    const onKey = (pressed: KeyboardEvent) => {
      if (pressed.key !== 'Escape') return;
      pressed.stopPropagation();
      stop();
    };
    addEventListener('pointermove', onMove);
    addEventListener('pointerup', onUp);
    addEventListener('pointercancel', stop);
    addEventListener('keydown', onKey, true);
    frame = requestAnimationFrame(follow);
  }

  const grip = (index: number): GripProps => ({
    onPointerDown: (event) => start(event, index),
    onKeyDown: (event) => {
      const to = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: rows - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      if (to < 0 || to >= rows) return;
      void move(index, to).then(() => {
        list.current?.querySelectorAll<HTMLElement>('.queue-grip')[to]?.focus();
      });
    },
  });

  return { list, dragged: drag?.from, shiftOf: (index: number) => (drag ? shiftOf(index, drag) : 0), grip };
}
