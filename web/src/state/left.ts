/** Where a play was left when the page went away: the service's own clock runs on for a while. */
const LEFT_KEY = 'antiphon.left';

interface Left {
  readonly playId: string;
  readonly positionMs: number;
  readonly atMs: number;
}

export function keepLeft(playId: string, positionMs: number): void {
  const left: Left = { playId, positionMs, atMs: Date.now() };
  localStorage.setItem(LEFT_KEY, JSON.stringify(left));
}

/** Where this page left the play, and how long ago; undefined when it left another one. */
export function leftAt(playId: string | undefined): { positionMs: number; awayMs: number } | undefined {
  const left = JSON.parse(localStorage.getItem(LEFT_KEY) ?? 'null') as Left | null;
  return left && left.playId === playId
    ? { positionMs: left.positionMs, awayMs: Date.now() - left.atMs }
    : undefined;
}
