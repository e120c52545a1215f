/** Reads that keep a copy, so that what everybody looks at costs one read of the tables. */
import type { Cache } from '../../kit/ports/cache.ts';

/**
 * Reads through the cache. A value that was read before a drop is not kept: it may be from before the write
 * that the drop is about. Another node's drop in that moment is healed by the copy's time to live.
 */
export class ReadThrough {
  readonly #cache: Cache;
  readonly #prefix: string;
  readonly #ttlMs: number;
  readonly #loading = new Map<string, Promise<unknown>>();
  #drops = 0;

  constructor(cache: Cache, prefix: string, ttlMs: number) {
    this.#cache = cache;
    this.#prefix = prefix;
    this.#ttlMs = ttlMs;
  }

  /** One value; callers who miss it at the same time share one load. An absent value is not kept. */
  async one<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const kept = await this.#cache.get<T>(this.#prefix + key);
    if (kept !== undefined) return kept;
    const running = this.#loading.get(key) as Promise<T | undefined> | undefined;
    if (running) return running;
    const loading = this.#load(key, load).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** Many values in the order asked for; those missing are loaded together. */
  async many<T>(
    keys: readonly string[],
    load: (keys: readonly string[]) => Promise<readonly (T | undefined)[]>,
  ): Promise<(T | undefined)[]> {
    const kept = await Promise.all(keys.map((key) => this.#cache.get<T>(this.#prefix + key)));
    const missing = [...new Set(keys.filter((_, i) => kept[i] === undefined))];
    if (missing.length === 0) return kept;
    const drops = this.#drops;
    const loaded = await load(missing);
    const found = new Map<string, T>();
    for (const [i, key] of missing.entries()) {
      const value = loaded[i];
      if (value !== undefined) found.set(key, value);
    }
    if (drops === this.#drops) {
      await Promise.all([...found].map(([key, value]) => this.#keep(key, value)));
    }
    return keys.map((key, i) => kept[i] ?? found.get(key));
  }

  async drop(keys: readonly string[]): Promise<void> {
    this.#drops += 1;
    for (const key of keys) this.#loading.delete(key);
    await Promise.all(keys.map((key) => this.#cache.delete(this.#prefix + key)));
    // A load that began before the deletes may have ended between them.
    this.#drops += 1;
  }

  async #load<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const drops = this.#drops;
    const value = await load();
    if (value !== undefined && drops === this.#drops) await this.#keep(key, value);
    return value;
  }

  #keep(key: string, value: unknown): Promise<void> {
    return this.#cache.set(this.#prefix + key, value, this.#ttlMs);
  }
}
