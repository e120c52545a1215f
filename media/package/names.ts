/** The names of packaged things: keys in the object store, and URLs relative to `/m/<token>/<songId>/`. */
import type { Rung } from '../../actors/catalog/contract.ts';

export const trackKeys = {
  prefix: (songId: string) => `tracks/${songId}/`,
  /** Written once: a new PACKAGE_VERSION takes a new name. */
  index: (songId: string) => `tracks/${songId}/index.json`,
  /** Of the encoding that the index names; songs packaged before encodings had ids have none. */
  rendition: (songId: string, rung: Rung, encodingId?: string) =>
    `${trackKeys.encoding(songId, encodingId)}${rung}.mp4`,
  encoding: (songId: string, encodingId?: string) =>
    `tracks/${songId}/${encodingId === undefined ? '' : `${encodingId}/`}`,
  preview: (songId: string) => `tracks/${songId}/preview.m4a`,
  waveform: (songId: string) => `tracks/${songId}/waveform.json`,
};

/** Relative URLs, so that the token in the path carries over from a playlist to what it names. */
export const trackUrls = {
  hls: 'master.m3u8',
  dash: 'manifest.mpd',
  /** The progressive file of a rung. */
  file: (rung: Rung) => `${rung}.m4a`,
  original: 'original',
  mediaPlaylist: (rung: Rung) => `${rung}/index.m3u8`,
  init: (rung: Rung) => `${rung}/init.mp4`,
  /** The same bytes encrypted, since DASH segment encryption covers the init section too. */
  encryptedInit: (rung: Rung) => `${rung}/init.enc.mp4`,
  key: (rung: Rung) => `${rung}/key`,
  /** `index` counts from 0. */
  segment: (rung: Rung, index: number) => `${rung}/${index}.m4s`,
};
