import { open } from 'node:fs/promises';
import { RefusedError } from './refusal.ts';

/** The largest page of RFC 3533 is 65,307 bytes. */
const TAIL_BYTES = 128 * 1024;
const PAGE_HEADER_BYTES = 27;

/**
 * Ogg declares no length: a file that was cut is known by its last page, which is not all there.
 * @throws RefusedError `TRUNCATED`
 */
export async function assertOggWhole(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    if (!endsWithWholePage(buffer.subarray(0, bytesRead))) throw new RefusedError('TRUNCATED');
  } finally {
    await file.close();
  }
}

export function endsWithWholePage(tail: Buffer): boolean {
  const page = tail.lastIndexOf('OggS', undefined, 'latin1');
  if (page < 0 || page + PAGE_HEADER_BYTES > tail.length) return false;
  const segments = tail[page + 26] ?? 0;
  const bodyStart = page + PAGE_HEADER_BYTES + segments;
  if (bodyStart > tail.length) return false;
  const bodyBytes = tail
    .subarray(page + PAGE_HEADER_BYTES, bodyStart)
    .reduce((sum, lacing) => sum + lacing, 0);
  return bodyStart + bodyBytes <= tail.length;
}
