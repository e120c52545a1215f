/** Keeps the values used last within a bound, and loads each missing one once, however many ask at once. */
import { UnavailableError } from '../../kit/errors.ts';

export interface LoadingLruOptions<V> {
  readonly weightMax: number;
  readonly weightOf: (value: V) => number;
  readonly loadsMax: number;
  readonly onLookup?: (hit: boolean) => void;
}

export class LoadingLru<V> {
  readonly #options: LoadingLruOptions<V>;
  /** Used last stands last. */
  readonly #values = new Map<string, V>();
  readonly #loading = new Map<string, Promise<V>>();
  #weight = 0;

  constructor(options: LoadingLruOptions<V>) {
    this.#options = options;
  }

  get weight(): number {
    return this.#weight;
  }

  /** @throws UnavailableError `EDGE_BUSY` when too many are being loaded. */
  get(key: string, load: () => Promise<V>): V | Promise<V> {
    const value = this.#values.get(key);
    this.#options.onLookup?.(value !== undefined);
    if (value !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, value);
      return value;
    }
    return this.#loading.get(key) ?? this.#load(key, load);
  }

  /** What is being loaded is kept when it comes. */
  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#weight -= this.#options.weightOf(value);
  }

  #load(key: string, load: () => Promise<V>): Promise<V> {
    if (this.#loading.size >= this.#options.loadsMax) {
      throw new UnavailableError('EDGE_BUSY', 'Too much is being read at once; try again in a moment.');
    }
    const loading = load()
      .then((value) => {
        this.#keep(key, value);
        return value;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  #keep(key: string, value: V): void {
    const { weightMax, weightOf } = this.#options;
    if (weightOf(value) > weightMax) return;
    this.#weight += weightOf(value);
    this.#values.set(key, value);
    for (const [oldest, old] of this.#values) {
      if (this.#weight <= weightMax) return;
      this.#values.delete(oldest);
      this.#weight -= weightOf(old);
    }
  }
}
