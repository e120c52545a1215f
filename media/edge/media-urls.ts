/** Signs media URLs for the player session; the edge checks them without asking anyone. */
import type { MediaUrls } from '../../actors/player-session/ports.ts';
import { trackUrls } from '../package/names.ts';
import { type MediaKeys, signToken } from './token.ts';

export function createMediaUrls({
  keys,
  baseUrl,
}: {
  readonly keys: MediaKeys;
  /** In front of `/m/…`: empty for URLs of the same origin, else `https://edge.example.org`. */
  readonly baseUrl: string;
}): MediaUrls {
  return {
    sign({ songId, ...claims }) {
      const base = `${baseUrl}/m/${signToken(keys[0], songId, claims)}/${songId}/`;
      return {
        hlsUrl: base + trackUrls.hls,
        dashUrl: base + trackUrls.dash,
        fileUrl: base + trackUrls.file(claims.maxRung),
      };
    },
  };
}
