/** What may be lost at any moment: copies, counters, presence. */
export interface WindowCount {
  readonly allowed: boolean;
  readonly remaining: number;
  /** How long until one more is allowed; 0 when one is allowed now. */
  readonly retryAfterMs: number;
}

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
