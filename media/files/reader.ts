/**
 * Reads parts of one file, bounded and without waiting on anything that is no file of music: a pipe that took
 * the file's place since it was listed answers at once instead of blocking, and a link is not followed.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { FILE_READ_BYTES_MAX, FILE_WINDOW_BYTES, LIBRARY_FILE_MS_MAX } from '../../config/limits.ts';
import { RefusedError } from './refusal.ts';

export interface FileReader {
  readonly path: string;
  readonly size: number;
  /** What there is of `length` bytes from `at`; good until the next read. @throws RefusedError `DAMAGED`, `TOO_SLOW` */
  read(at: number, length: number): Buffer;
  /** As `read`, for keeping. */
  copy(at: number, length: number): Buffer;
}

const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Two views of the file move through it, so that a header at its start stays while its end is looked at. */
class Windows implements FileReader {
  readonly path: string;
  readonly size: number;
  readonly #fd: number;
  readonly #windows: Window[];
  readonly #endMs = performance.now() + LIBRARY_FILE_MS_MAX;

  constructor(path: string, fd: number, { size }: Stats, windows: Window[]) {
    this.path = path;
    this.size = size;
    this.#fd = fd;
    this.#windows = windows;
  }

  read(at: number, length: number): Buffer {
    const end = Math.min(at + length, this.size);
    if (at >= end) return NOTHING;
    const bytes = end - at;
    if (bytes > FILE_WINDOW_BYTES) return this.copy(at, length);
    let window = this.#windows.find((seen) => seen.at <= at && end <= seen.end);
    if (!window) {
      if (performance.now() > this.#endMs) throw new RefusedError('TOO_SLOW');
      // The one that was used last stays.
      window = this.#windows.pop() as Window;
      window.at = at;
      window.end = at + readSync(this.#fd, window.buffer, 0, FILE_WINDOW_BYTES, at);
      this.#windows.unshift(window);
    } else if (window !== this.#windows[0]) {
      this.#windows.reverse();
    }
    return window.buffer.subarray(at - window.at, Math.min(end, window.end) - window.at);
  }

  copy(at: number, length: number): Buffer {
    const bytes = Math.max(0, Math.min(length, this.size - at));
    if (bytes > FILE_READ_BYTES_MAX) throw new RefusedError('DAMAGED', 'a part of it claims to be huge');
    const buffer = Buffer.allocUnsafeSlow(bytes);
    return buffer.subarray(0, readSync(this.#fd, buffer, 0, bytes, at));
  }
}

interface Window {
  readonly buffer: Buffer;
  at: number;
  end: number;
}

const NOTHING = Buffer.alloc(0);
/** Kept between files: thousands are read one after the other. */
let spare: Window[] | undefined;
const newWindow = (): Window => ({ buffer: Buffer.allocUnsafeSlow(FILE_WINDOW_BYTES), at: 0, end: 0 });

/** @throws RefusedError `NOT_A_FILE`; what the file system says */
export function withFile<T>(path: string, work: (file: FileReader, stat: Stats) => T): T {
  const fd = openSync(path, OPEN_FLAGS);
  const windows = spare ?? [newWindow(), newWindow()];
  spare = undefined;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new RefusedError('NOT_A_FILE');
    for (const window of windows) window.at = window.end = 0;
    return work(new Windows(path, fd, stat, windows), stat);
  } finally {
    spare = windows;
    closeSync(fd);
  }
}
