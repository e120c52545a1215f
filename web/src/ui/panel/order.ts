/** Where rows stand while one of them is dragged. */

export interface Drag {
  readonly from: number;
  readonly to: number;
  readonly byPx: number;
  readonly rowPx: number;
}

/** Where a row that was dragged by `byPx` comes to stand. */
export const placeOf = (from: number, byPx: number, rowPx: number, rows: number): number =>
  Math.max(0, Math.min(rows - 1, from + Math.round(byPx / rowPx)));

/** How far the row at `index` makes way for the one that is dragged. */
export function shiftOf(index: number, { from, to, byPx, rowPx }: Drag): number {
  if (index === from) return byPx;
  if (from < index && index <= to) return -rowPx;
  return to <= index && index < from ? rowPx : 0;
}
