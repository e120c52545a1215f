/** Segments that were cut, the last used within a bound: what encoders made ahead, and what was just asked for. */
import { JIT_SEGMENTS_BYTES_MAX } from '../../config/limits.ts';

export class Segments {
  readonly #bytesMax: number;
  /** Used last stands last. */
  readonly #kept = new Map<string, Buffer>();
  #bytes = 0;

  constructor(bytesMax = JIT_SEGMENTS_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Buffer | undefined {
    const segment = this.#kept.get(key);
    if (!segment) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, segment);
    return segment;
  }

  set(key: string, segment: Buffer): void {
    this.#drop(key);
    this.#kept.set(key, segment);
    this.#bytes += segment.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.length ?? 0;
    this.#kept.delete(key);
  }
}
