/** Pictures in the tags of sound files. */
import { openAsBlob } from 'node:fs';
import { parseBlob } from 'music-metadata';
import type { SoundFormat } from './sources.ts';

const MIME_TYPES: Readonly<Record<SoundFormat, string>> = {
  flac: 'audio/flac',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  m4a: 'audio/mp4',
  wav: 'audio/wav',
  aiff: 'audio/aiff',
};

/** @throws whatever is wrong with the file */
export async function embeddedPictures(path: string, format: SoundFormat): Promise<readonly Uint8Array[]> {
  const blob = await openAsBlob(path, { type: MIME_TYPES[format] });
  const { common } = await parseBlob(blob, { duration: false, skipPostHeaders: false });
  return (common.picture ?? []).map(({ data }) => data);
}
