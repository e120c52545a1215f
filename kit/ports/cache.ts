export interface WindowCount {
  readonly allowed: boolean;
  readonly remaining: number;
  /** How long until one more is allowed; 0 when one is allowed now. */
  readonly retryAfterMs: number;
}

/**
 * What may be lost at any moment: copies, counters, presence.
 *
 * A cache that many nodes share may be away. No call fails for that, nor waits for long: copies are not
 * found, limits and presence are what this node knows. A copy that could not be dropped lives out its time
 * to live at most.
 */
export interface Cache {
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Sliding window: takes one of `limit` per `windowMs` for `key`, or refuses and takes none. */
  take(key: string, limit: number, windowMs: number): Promise<WindowCount>;
  /** Presence sets: a member stays for `ttlMs` after its last `join`. */
  join(set: string, member: string, ttlMs: number): Promise<void>;
  leave(set: string, member: string): Promise<void>;
  members(set: string): Promise<string[]>;
}
