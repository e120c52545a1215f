/** Signs media URLs for the player session; the edge checks them without asking anyone. */
import { RUNGS } from '../../actors/catalog/contract.ts';
import type { MediaUrls } from '../../actors/player-session/ports.ts';
import { trackUrls } from '../package/names.ts';
import { type MediaKeys, signToken } from './token.ts';

/** The original may be better than any rung. */
const RUNG_MAX = Math.max(...RUNGS);

export function createMediaUrls({
  keys,
  baseUrl,
  fallbackUrl,
}: {
  readonly keys: MediaKeys;
  /** In front of `/m/…`: empty for URLs of the same origin, else `https://edge.example.org`. */
  readonly baseUrl: string;
  /** As `baseUrl`, where the origin itself is reached when no edge answers; absent without an edge in front. */
  readonly fallbackUrl?: string;
}): MediaUrls {
  return {
    sign({ songId, ...claims }, { hasOriginal }) {
      const path = `/m/${signToken(keys[0], songId, claims)}/${songId}/`;
      const below = (base: string) => ({
        hlsUrl: base + path + trackUrls.hls,
        dashUrl: base + path + trackUrls.dash,
        fileUrl: base + path + trackUrls.file(claims.maxRung),
        ...(hasOriginal && claims.maxRung === RUNG_MAX && { originalUrl: base + path + trackUrls.original }),
      });
      return { ...below(baseUrl), ...(fallbackUrl !== undefined && { fallback: below(fallbackUrl) }) };
    },
  };
}
