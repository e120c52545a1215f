/** APEv2, which some tools write at the end of MP3 files, mostly for ReplayGain. */
import { COVER_BYTES_MAX, TAG_BLOCK_BYTES_MAX, TAG_TEXT_BYTES_MAX } from '../../../config/limits.ts';
import type { FileReader } from '../reader.ts';
import { Tags } from './tags.ts';

const FOOTER_BYTES = 32;
const ITEMS_MAX = 1000;
const NAMES: Readonly<Record<string, string>> = {
  TRACK: 'TRACKNUMBER',
  DISC: 'DISCNUMBER',
  YEAR: 'DATE',
};

/** Fills what is still unknown; returns where the tag begins, or `end` when there is none. */
export function readApeTag(file: FileReader, end: number, tags: Tags): number {
  const footer = file.read(end - FOOTER_BYTES, FOOTER_BYTES);
  if (end < FOOTER_BYTES || footer.toString('latin1', 0, 8) !== 'APETAGEX') return end;
  const bytes = footer.readUInt32LE(12);
  const items = Math.min(footer.readUInt32LE(16), ITEMS_MAX);
  const hasHeader = (footer.readUInt32LE(20) & 0x80000000) !== 0;
  const start = end - bytes;
  if (bytes < FOOTER_BYTES || start < 0) return end;
  if (bytes <= TAG_BLOCK_BYTES_MAX) tags.fill(itemsOf(file.copy(start, bytes - FOOTER_BYTES), items));
  return Math.max(0, start - (hasHeader ? FOOTER_BYTES : 0));
}

function itemsOf(block: Buffer, count: number): Tags {
  const tags = new Tags();
  let at = 0;
  for (let i = 0; i < count && at + 9 < block.length; i++) {
    const bytes = block.readUInt32LE(at);
    const isText = ((block.readUInt32LE(at + 4) >>> 1) & 3) === 0;
    const nameEnd = block.indexOf(0, at + 8);
    if (nameEnd < 0 || nameEnd > at + 8 + 255 || nameEnd + 1 + bytes > block.length) break;
    const name = block.toString('latin1', at + 8, nameEnd).toUpperCase();
    const value = block.subarray(nameEnd + 1, nameEnd + 1 + bytes);
    at = nameEnd + 1 + bytes;
    if (isText && bytes <= TAG_TEXT_BYTES_MAX) {
      tags.add(NAMES[name] ?? name, ...value.toString('utf8').split('\0'));
    } else if (name.startsWith('COVER ART') && bytes <= COVER_BYTES_MAX) {
      const image = value.subarray(value.indexOf(0) + 1);
      tags.addPicture({ isFront: name.includes('FRONT'), bytes: image.length, read: () => image });
    }
  }
  return tags;
}
