/** Where a segment lies, and when it sounds. */
import { NotFoundError } from '../../kit/errors.ts';
import type { Rendition, RenditionLayout, TrackLayout } from './types.ts';

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export const initRange = (rendition: Rendition): ByteRange => ({ start: 0, end: rendition.initBytes });

/** @throws NotFoundError `SEGMENT_NOT_FOUND` */
export function segmentRange(rendition: Rendition, index: number): ByteRange {
  const segment = rendition.segments[index];
  if (!segment) throw noSuchSegment(rendition);
  return { start: segment.offset, end: segment.offset + segment.bytes };
}

export const noSuchSegment = ({ segments }: Pick<RenditionLayout, 'segments'>): NotFoundError =>
  new NotFoundError(
    'SEGMENT_NOT_FOUND',
    `The song has segments 0 to ${segments.length - 1}; read its playlist again.`,
  );

/** Samples of each segment that sound: the first without the priming, the last without the padding. */
export function soundingSamples(track: TrackLayout, rendition: RenditionLayout): number[] {
  let decoded = 0;
  const end = track.priming + track.samples;
  return rendition.segments.map((segment) => {
    const start = Math.max(decoded, track.priming);
    decoded += segment.samples;
    return Math.max(0, Math.min(decoded, end) - start);
  });
}
