/** A song's own file, read piece by piece from where it lies. */
import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { EDGE_READ_BYTES_MAX } from '../../config/limits.ts';
import { NotFoundError } from '../../kit/errors.ts';
import type { TrackLayout } from '../package/types.ts';
import type { FileBody } from './library.ts';
import type { OriginalFile } from './ports.ts';

const gone = (): NotFoundError =>
  new NotFoundError(
    'ORIGINAL_GONE',
    'The file of this song has moved or changed; it is found by the next scan.',
  );

/**
 * Held open until it is disposed, so that it is one file from the first byte to the last.
 * @throws NotFoundError `ORIGINAL_GONE`
 */
export async function openOriginal(
  { path, bytes, mimeType }: OriginalFile,
  layout: TrackLayout,
): Promise<FileBody & { readonly type: string } & AsyncDisposable> {
  let file: FileHandle;
  try {
    // A pipe in its place would hold whoever opens it up.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    throw gone();
  }
  const found = await file.stat();
  if (!found.isFile() || found.size !== bytes) {
    await file.close();
    throw gone();
  }
  const state = `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
  const ends = segmentEnds(layout, bytes);
  const segmentAt = (at: number): number => ends.findIndex((end) => at < end);
  return {
    type: mimeType,
    bytes,
    etag: `"${createHash('sha256').update(state).digest('base64url').slice(0, 22)}"`,
    segmentsIn(start, end) {
      const first = segmentAt(start);
      return start < end ? Array.from({ length: segmentAt(end - 1) - first + 1 }, (_, i) => first + i) : [];
    },
    async *pieces(start, end) {
      for (let at = start; at < end; ) {
        const segment = segmentAt(at);
        const to = Math.min(end, ends[segment] ?? end, at + EDGE_READ_BYTES_MAX);
        const { bytesRead, buffer } = await file.read(Buffer.alloc(to - at), 0, to - at, at);
        if (bytesRead === 0) throw gone();
        yield { bytes: buffer.subarray(0, bytesRead), segment };
        at += bytesRead;
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Where the sound of each segment ends in a file that is taken to hold as much of it in every byte. */
function segmentEnds({ renditions }: TrackLayout, bytes: number): number[] {
  const samples = renditions[0]?.segments.map((segment) => segment.samples) ?? [];
  const total = samples.reduce((sum, count) => sum + count, 0);
  let before = 0;
  return samples.map((count) => {
    before += count;
    return Math.ceil((before * bytes) / total);
  });
}
