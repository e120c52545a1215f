/** Boxes of MP4 (ISO 14496-12): found by name, one level at a time, so that no file decides how deep we go. */
import { MP4_BOXES_MAX } from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';

export interface Box {
  readonly type: string;
  /** Of what is in it. */
  readonly start: number;
  readonly end: number;
}

/** Those that lie in [start, end), in order; a box that claims more than there is ends the search. */
export function* boxesIn(file: FileReader, { start, end }: Pick<Box, 'start' | 'end'>): Generator<Box> {
  let at = start;
  for (let count = 0; count < MP4_BOXES_MAX && at + 8 <= end; count++) {
    const head = file.read(at, 16);
    if (head.length < 8) return;
    const size = head.readUInt32BE(0);
    const isLarge = size === 1 && head.length === 16;
    const bytes = isLarge ? Number(head.readBigUInt64BE(8)) : size === 0 ? end - at : size;
    const headerBytes = isLarge ? 16 : 8;
    if (bytes < headerBytes) return;
    yield { type: head.toString('latin1', 4, 8), start: at + headerBytes, end: at + bytes };
    at += bytes;
  }
}

export function boxIn(file: FileReader, parent: Box | undefined, type: string): Box | undefined {
  if (!parent) return undefined;
  for (const box of boxesIn(file, parent)) if (box.type === type && box.end <= parent.end) return box;
  return undefined;
}

/** `a/b/c` below a box. */
export const boxAt = (file: FileReader, parent: Box | undefined, path: string): Box | undefined =>
  path.split('/').reduce<Box | undefined>((box, type) => boxIn(file, box, type), parent);
