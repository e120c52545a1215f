/**
 * One seekable M4A file a rung for simple clients, made when asked for: its head is built from the segments'
 * frame sizes, its audio is the audio of `<rung>.mp4`. Nothing is stored twice.
 */

import { boxesIn, malformed } from './mp4/boxes.ts';
import { framesOf, type ReadRange, trackOf } from './mp4/read.ts';
import { progressiveHead } from './mp4/write.ts';
import type { Rendition, TrackLayout } from './types.ts';

export interface ProgressiveFile {
  /** ftyp, moov and the mdat's header: about 4 bytes a frame, 56 kB for 5 minutes. */
  readonly head: Buffer;
  readonly bytes: number;
}

/** A part of an answer: bytes of the head, or bytes [start, end) of `<rung>.mp4`. */
export type ProgressivePiece =
  | { readonly from: 'head'; readonly start: number; readonly end: number }
  | { readonly from: 'rendition'; readonly start: number; readonly end: number };

/**
 * Reads the init section and each segment's head once; worth keeping for the next range of the same song.
 * @param read ranges of `<rung>.mp4`
 */
export async function progressiveFile(
  track: Pick<TrackLayout, 'samples'>,
  rendition: Rendition,
  read: ReadRange,
): Promise<ProgressiveFile> {
  const init = await read(0, rendition.initBytes);
  const moov = boxesIn(init).find((box) => box.type === 'moov');
  if (!moov) throw malformed('it has no moov');
  const chunks: number[][] = [];
  for (const segment of rendition.segments) {
    const head = await read(segment.offset, segment.offset + segment.headBytes);
    chunks.push(framesOf(head.subarray(0, segment.headBytes - MDAT_HEADER_BYTES)).frameBytes);
  }
  const head = progressiveHead(trackOf(init.subarray(moov.start, moov.end)), track.samples, chunks);
  return { head, bytes: head.length + audioBytes(rendition) };
}

const MDAT_HEADER_BYTES = 8;

const audioBytes = (rendition: Rendition): number =>
  rendition.segments.reduce((total, segment) => total + segment.bytes - segment.headBytes, 0);

/** The pieces that bytes [start, end) of the progressive file are made of, in order. */
export function progressivePieces(
  file: ProgressiveFile,
  rendition: Rendition,
  start: number,
  end: number,
): ProgressivePiece[] {
  const pieces: ProgressivePiece[] = [];
  const headEnd = Math.min(end, file.head.length);
  if (start < headEnd) pieces.push({ from: 'head', start, end: headEnd });
  let at = file.head.length;
  for (const segment of rendition.segments) {
    const dataBytes = segment.bytes - segment.headBytes;
    const from = Math.max(start, at);
    const to = Math.min(end, at + dataBytes);
    if (from < to) {
      const dataStart = segment.offset + segment.headBytes - at;
      pieces.push({ from: 'rendition', start: dataStart + from, end: dataStart + to });
    }
    at += dataBytes;
  }
  return pieces;
}
