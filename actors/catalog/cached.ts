/** Reads that keep a copy, so that what everybody looks at costs one read of the tables. */
import type { Cache } from '../../kit/ports/cache.ts';

export interface ReadThroughOptions {
  readonly prefix: string;
  readonly ttlMs: number;
  /** Changes, for all processes, before anything is dropped. */
  readonly generation: () => Promise<string>;
}

/**
 * Reads through the cache. A value is not kept when anyone has dropped anything while it was read: it may be
 * from before the write that the drop is about. What slips through, a copy put away in the very moment
 * between the look at the generation and the drop, is healed by its time to live.
 */
export class ReadThrough {
  readonly #cache: Cache;
  readonly #options: ReadThroughOptions;
  readonly #loading = new Map<string, Promise<unknown>>();

  constructor(cache: Cache, options: ReadThroughOptions) {
    this.#cache = cache;
    this.#options = options;
  }

  /** One value; callers who miss it at the same time share one load. An absent value is not kept. */
  async one<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const kept = await this.#cache.get<T>(this.#options.prefix + key);
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
    const kept = await Promise.all(keys.map((key) => this.#cache.get<T>(this.#options.prefix + key)));
    const missing = [...new Set(keys.filter((_, i) => kept[i] === undefined))];
    if (missing.length === 0) return kept;
    const generation = await this.#options.generation();
    const loaded = await load(missing);
    const found = new Map<string, T>();
    for (const [i, key] of missing.entries()) {
      const value = loaded[i];
      if (value !== undefined) found.set(key, value);
    }
    await this.#keep([...found], generation);
    return keys.map((key, i) => kept[i] ?? found.get(key));
  }

  /** The generation has changed before. */
  async drop(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#loading.delete(key);
    await Promise.all(keys.map((key) => this.#cache.delete(this.#options.prefix + key)));
  }

  async #load<T>(key: string, load: () => Promise<T | undefined>): Promise<T | undefined> {
    const generation = await this.#options.generation();
    const value = await load();
    if (value !== undefined) await this.#keep([[key, value]], generation);
    return value;
  }

  async #keep(found: readonly (readonly [key: string, value: unknown])[], generation: string): Promise<void> {
    if (found.length === 0 || generation !== (await this.#options.generation())) return;
    const { prefix, ttlMs } = this.#options;
    await Promise.all(found.map(([key, value]) => this.#cache.set(prefix + key, value, ttlMs)));
  }
}
