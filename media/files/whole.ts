/**
 * Tells a file that was cut from a whole one, where decoding would not tell: by the sizes that its container
 * declares. FLAC and MP3 declare a length in samples, which is checked after decoding.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { RefusedError } from './refusal.ts';
import type { MusicFormat } from './sniff.ts';

/** @throws RefusedError `TRUNCATED` */
export async function assertWhole(path: string, format: MusicFormat): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (!(await isWhole(file, size, format))) throw new RefusedError('TRUNCATED');
  } finally {
    await file.close();
  }
}

async function isWhole(file: FileHandle, size: number, format: MusicFormat): Promise<boolean> {
  const read = async (start: number, end: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead);
  };
  switch (format) {
    case 'flac':
    case 'mp3':
      return true;
    case 'ogg':
      return endsWithWholePage(await read(Math.max(0, size - OGG_TAIL_BYTES), size));
    case 'm4a':
      return boxesFit(read, size);
    case 'wav':
    case 'aiff': {
      const head = await read(0, 8);
      return riffFits(format === 'wav' ? head.readUInt32LE(4) : head.readUInt32BE(4), size);
    }
  }
}

/** The largest page of RFC 3533 is 65,307 bytes. */
const OGG_TAIL_BYTES = 128 * 1024;
const PAGE_HEADER_BYTES = 27;

/** Ogg declares no length, but a cut leaves its last page incomplete. */
export function endsWithWholePage(tail: Buffer): boolean {
  const page = tail.lastIndexOf('OggS', undefined, 'latin1');
  if (page < 0 || page + PAGE_HEADER_BYTES > tail.length) return false;
  const bodyStart = page + PAGE_HEADER_BYTES + (tail[page + 26] ?? 0);
  if (bodyStart > tail.length) return false;
  const lacing = tail.subarray(page + PAGE_HEADER_BYTES, bodyStart);
  return bodyStart + lacing.reduce((sum, bytes) => sum + bytes, 0) <= tail.length;
}

const TOP_BOXES_MAX = 100_000;

/** Top-level boxes follow one another to the end; a size of 0 means to the end of the file. */
async function boxesFit(
  read: (start: number, end: number) => Promise<Buffer>,
  size: number,
): Promise<boolean> {
  let at = 0;
  for (let boxes = 0; at + 8 <= size && boxes < TOP_BOXES_MAX; boxes++) {
    const header = await read(at, Math.min(at + 16, size));
    const bytes = header.readUInt32BE(0);
    if (bytes === 0) return true;
    if (bytes === 1 && header.length < 16) return false;
    at += bytes === 1 ? Number(header.readBigUInt64BE(8)) : Math.max(8, bytes);
  }
  return at <= size;
}

/** Writers to a pipe cannot know the size; some round it. */
const RIFF_SIZES_UNKNOWN = [0, 0xffffffff];
const RIFF_SLACK_BYTES = 1024;

const riffFits = (declared: number, size: number): boolean =>
  RIFF_SIZES_UNKNOWN.includes(declared) || declared + 8 <= size + RIFF_SLACK_BYTES;
