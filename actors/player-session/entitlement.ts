/** What a listener may hear, and how well (SPEC PS37, PS38). */
import type { Result } from '../../kit/contract.ts';
import type { accountsContract, Preferences, Tier } from '../accounts/contract.ts';
import type { PlayableSong, Rung } from '../catalog/contract.ts';
import type { Reason } from './contract.ts';

export type Entitlement = Result<(typeof accountsContract)['actions']['entitlement']>;
export type Quality = Preferences['quality'];

const RUNG_OF_TIER: Record<Tier, Rung> = { free: 160, premium: 320 };
const RUNG_OF_QUALITY: Record<Exclude<Quality, 'auto'>, Rung> = { low: 96, medium: 160, high: 320 };

export interface RungLimit {
  readonly maxRung: Rung;
  readonly maxRungReason?: Reason;
}

export function rungLimit(tier: Tier, quality: Quality): RungLimit {
  const best = RUNG_OF_TIER[tier];
  const wanted = quality === 'auto' ? best : RUNG_OF_QUALITY[quality];
  return wanted > best ? { maxRung: best, maxRungReason: 'PREMIUM_REQUIRED' } : { maxRung: wanted };
}

/** The best rendition there is within the limit; the limit itself while none is that small. */
export const bestRung = (rungs: readonly Rung[], limit: Rung): Rung =>
  rungs.filter((rung) => rung <= limit).sort((a, b) => b - a)[0] ?? limit;

export function reasonAgainst(song: PlayableSong, entitlement: Entitlement): Reason | undefined {
  if (song.unavailable) return song.unavailable;
  return song.explicit && !entitlement.explicit ? 'EXPLICIT_FILTERED' : undefined;
}
