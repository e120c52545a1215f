/** What a path of the edge asks for. Parsed by hand and by one expression: this runs for every segment. */
import type { Rung } from '../../actors/catalog/contract.ts';
import { BadRequestError, NotFoundError } from '../../kit/errors.ts';

/** Made for each token: which renditions it names depends on the highest rung allowed. */
export type ManifestFile =
  | { readonly kind: 'master' }
  | { readonly kind: 'manifest' }
  | { readonly kind: 'playlist'; readonly rung: Rung };

/** The same bytes for everyone, for ever. */
export type KeptFile =
  | { readonly kind: 'waveform' }
  | { readonly kind: 'init' | 'encryptedInit'; readonly rung: Rung }
  | { readonly kind: 'segment'; readonly rung: Rung; readonly index: number };

export type TrackFile =
  | ManifestFile
  | KeptFile
  | { readonly kind: 'key'; readonly rung: Rung }
  /** The song's own file. */
  | { readonly kind: 'original' }
  | { readonly kind: 'file'; readonly rung: Rung };

export type EdgePath =
  | {
      readonly kind: 'track';
      readonly token: string;
      readonly songId: string;
      readonly file: TrackFile;
      /** `<songId>/<name>`: the path without its token, which names the same bytes for everyone. */
      readonly name: string;
    }
  | { readonly kind: 'preview'; readonly songId: string }
  | { readonly kind: 'cover'; readonly coverId: string; readonly sizePx: number }
  | { readonly kind: 'coverColors'; readonly coverId: string };

const TRACK = /^\/m\/([\w.-]{1,200})\/([0-9A-Za-z]{22})\/([\w./-]{1,40})$/;
const OF_RUNG =
  /^(24|96|160|320)(?:(\.m4a)|\/(?:(0|[1-9]\d{0,5})\.m4s|(index\.m3u8|init\.mp4|init\.enc\.mp4|key)))$/;
const PREVIEW = /^\/p\/([0-9A-Za-z]{22})\.m4a$/;
const COVER = /^\/c\/([0-9A-Za-z]{22})\/(?:(\d{1,4})\.webp|colors\.json)$/;

const PLAIN: Readonly<Record<string, TrackFile>> = {
  'master.m3u8': { kind: 'master' },
  'manifest.mpd': { kind: 'manifest' },
  'waveform.json': { kind: 'waveform' },
  original: { kind: 'original' },
};
const OF_RUNG_KINDS = {
  'index.m3u8': 'playlist',
  'init.mp4': 'init',
  'init.enc.mp4': 'encryptedInit',
  key: 'key',
} as const;

/** Whether a path belongs to the edge: it begins with `/m/`, `/p/` or `/c/`. */
export const isEdgePath = (url: string): boolean =>
  url.charCodeAt(2) === SLASH && OWN_LETTERS.includes(url.charAt(1));

const SLASH = 47;
const OWN_LETTERS = 'mpc';

/**
 * @throws BadRequestError `MALFORMED_PATH`
 * @throws NotFoundError `NO_SUCH_MEDIA`
 */
export function parsePath(url: string): EdgePath {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const [, token, songId, rest] = TRACK.exec(path) ?? [];
  if (token !== undefined && songId !== undefined && rest !== undefined) {
    const file = trackFile(rest);
    if (!file) {
      throw new NotFoundError('NO_SUCH_MEDIA', 'The song has no such file; read its playlist again.');
    }
    return { kind: 'track', token, songId, file, name: path.slice(token.length + 4) };
  }
  const previewOf = PREVIEW.exec(path)?.[1];
  if (previewOf !== undefined) return { kind: 'preview', songId: previewOf };
  const [, coverId, sizePx] = COVER.exec(path) ?? [];
  if (coverId !== undefined) {
    return sizePx === undefined
      ? { kind: 'coverColors', coverId }
      : { kind: 'cover', coverId, sizePx: Number(sizePx) };
  }
  throw new BadRequestError('MALFORMED_PATH', 'This is no media address; use one that the service gave.');
}

/** What a song's path behind its id names, if anything. */
export function trackFile(rest: string): TrackFile | undefined {
  const [, rungText, m4a, index, name] = OF_RUNG.exec(rest) ?? [];
  const rung = Number(rungText) as Rung;
  if (index !== undefined) return { kind: 'segment', rung, index: Number(index) };
  if (m4a !== undefined) return { kind: 'file', rung };
  if (name !== undefined) return { kind: OF_RUNG_KINDS[name as keyof typeof OF_RUNG_KINDS], rung };
  return Object.hasOwn(PLAIN, rest) ? PLAIN[rest] : undefined;
}
