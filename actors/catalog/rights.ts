/** Who may hear a song, where and when. Pure. */
import type { RightsWindow, Rung, Unavailable } from './contract.ts';

/** ISO 3166-1 reserves ZZ to its users; here it is an account that names no country. */
const UNKNOWN_COUNTRY = 'ZZ';

export interface Terms {
  readonly rights: readonly RightsWindow[];
  readonly rungs: readonly Rung[];
  readonly removed: boolean;
}

const covers = ({ regions }: RightsWindow, country: string | undefined): boolean =>
  regions.length === 0 || (country !== undefined && country !== UNKNOWN_COUNTRY && regions.includes(country));

const begun = ({ fromMs }: RightsWindow, nowMs: number): boolean => fromMs === undefined || fromMs <= nowMs;
const over = ({ untilMs }: RightsWindow, nowMs: number): boolean => untilMs !== undefined && untilMs <= nowMs;

function unlicensed(
  rights: readonly RightsWindow[],
  country: string | undefined,
  nowMs: number,
): Unavailable | undefined {
  if (rights.length === 0) return undefined;
  const here = rights.filter((window) => covers(window, country));
  if (here.length === 0) return 'NOT_IN_REGION';
  if (here.some((window) => begun(window, nowMs) && !over(window, nowMs))) return undefined;
  return here.every((window) => !begun(window, nowMs)) ? 'NOT_RELEASED' : 'NOT_LICENSED';
}

/** Why a viewer in `country` cannot hear the song at `nowMs`; undefined when they can (rules C6 to C9). */
export function unavailableFor(
  { rights, rungs, removed }: Terms,
  country: string | undefined,
  nowMs: number,
): Unavailable | undefined {
  if (removed) return 'REMOVED';
  return unlicensed(rights, country, nowMs) ?? (rungs.length === 0 ? 'NOT_READY' : undefined);
}
