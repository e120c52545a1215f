/** Which rows of a long list are drawn. */

/** Rows drawn beyond each edge, so that a quick flick shows no gap. */
export const BEYOND_ROWS = 8;
/** The window moves in steps, so that most scroll events draw nothing anew. */
const STEP_ROWS = 4;

export interface Window {
  readonly from: number;
  readonly until: number;
}

/** The rows to draw when those from `firstSeen` to `lastSeen` are in sight. */
export function windowOf(firstSeen: number, lastSeen: number, rows: number): Window {
  const from = Math.floor((firstSeen - BEYOND_ROWS) / STEP_ROWS) * STEP_ROWS;
  const until = Math.ceil((lastSeen + BEYOND_ROWS) / STEP_ROWS) * STEP_ROWS;
  return { from: Math.max(0, Math.min(from, rows)), until: Math.min(rows, Math.max(0, until)) };
}

/** The songs to play from `index` on: all where they fit into one play, else those from it on. */
export function playedFrom(songIds: readonly string[], index: number, most: number): string[] {
  const from = songIds.length <= most ? 0 : Math.max(0, Math.min(index, songIds.length - most));
  return [...new Set(songIds.slice(from, from + most))];
}
