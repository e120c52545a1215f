/** HLS playlists (RFC 8216) of a packaged song. */
import type { Rung } from '../../actors/catalog/contract.ts';
import { trackUrls } from './names.ts';
import { soundingSamples } from './segment.ts';
import type { RenditionLayout, TrackLayout } from './types.ts';

const VERSION = 7;
/** Players start with the first variant listed, before they know the link. */
const START_RUNG: Rung = 96;

export const allowedRenditions = (track: TrackLayout, maxRung: Rung): RenditionLayout[] =>
  track.renditions.filter((rendition) => rendition.rung <= maxRung);

export function multivariantPlaylist(track: TrackLayout, maxRung: Rung): string {
  const startFirst = allowedRenditions(track, maxRung).sort(
    (a, b) => Number(b.rung === START_RUNG) - Number(a.rung === START_RUNG) || a.rung - b.rung,
  );
  return [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...startFirst.flatMap((r) => [
      `#EXT-X-STREAM-INF:BANDWIDTH=${r.bandwidthBps},AVERAGE-BANDWIDTH=${r.averageBps},CODECS="${r.codec}"`,
      trackUrls.mediaPlaylist(r.rung),
    ]),
    '',
  ].join('\n');
}

/** URLs are relative to the playlist's own. The key follows the map: the init section stays clear. */
export function mediaPlaylist(track: TrackLayout, rendition: RenditionLayout, iv: Uint8Array): string {
  const seconds = soundingSamples(track, rendition).map((samples) => samples / track.sampleRate);
  const besidePlaylist = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
  return [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.round(Math.max(...seconds)))}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${besidePlaylist(trackUrls.init(rendition.rung))}"`,
    `#EXT-X-KEY:METHOD=AES-128,URI="${besidePlaylist(trackUrls.key(rendition.rung))}",IV=0x${hex(iv)}`,
    ...seconds.flatMap((duration, i) => [
      `#EXTINF:${duration.toFixed(6)},`,
      besidePlaylist(trackUrls.segment(rendition.rung, i)),
    ]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
