/**
 * The cache on Redis, shared by all nodes. Nothing durable lives there and it may go at any moment: then
 * copies are not found, and limits and presence are what this node knows.
 */
import type { Cluster } from 'ioredis';
import {
  REDIS_CONNECT_MS_MAX,
  REDIS_MISSED_KEYS_MAX,
  REDIS_REPLAYED_AT_ONCE,
} from '../../config/engine-limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import type { Cache } from '../../kit/ports/cache.ts';
import type { Clock } from '../../kit/sources.ts';
import { openCache } from '../embedded/cache.ts';
import { createCircuit, soon } from './circuit.ts';
import { connectRedis, type RedisClient, type RedisOptions } from './connect.ts';

/** Kinds of keys; each kind holds one type of value. */
const copyKey = (key: string) => `copy:${key}`;
const windowKey = (key: string) => `window:${key}`;
const presenceKey = (set: string) => `presence:${set}`;

/** Resolves when Redis answers, or without it after REDIS_CONNECT_MS_MAX: the service starts either way. */
export async function openRedisCache(
  options: RedisOptions & { readonly clock: Clock },
): Promise<Cache & AsyncDisposable> {
  const { clock } = options;
  const redis = connectRedis(options);
  const here = openCache(clock);
  const missed = new MissedKeys((key) => soon(clock, redis.del(key)));
  // A refused password shows only here: commands just find no connection.
  let connectionError: unknown;
  redis.on('error', (error: Error & { lastNodeError?: Error }) => {
    connectionError = error.lastNodeError ?? error;
  });
  redis.on('ready', () => {
    connectionError = undefined;
  });
  const circuit = createCircuit({
    clock,
    probe: (failedKey) =>
      redis.exists(failedKey).catch((error) => {
        throw connectionError ?? error;
      }),
    backlog: missed,
  });
  await firstReady(redis, clock);

  return {
    async get<T>(key: string): Promise<T | undefined> {
      const asked = await circuit.ask(copyKey(key), () => redis.get(copyKey(key)));
      return asked?.answer ? (JSON.parse(asked.answer) as T) : undefined;
    },
    async set(key, value, ttlMs) {
      const json = JSON.stringify(value);
      const name = copyKey(key);
      const ttl = Math.max(1, Math.ceil(ttlMs));
      // Unanswered, what stands there is older than what should.
      await circuit.ask(
        name,
        () => redis.set(name, json, 'PX', ttl),
        () => missed.add(name),
      );
    },
    async delete(key) {
      const name = copyKey(key);
      await circuit.ask(
        name,
        () => redis.del(name),
        () => missed.add(name),
      );
    },

    async take(key, limit, windowMs) {
      const name = windowKey(key);
      const asked = await circuit.ask(name, () => redis.windowTake(name, limit, windowMs));
      if (!asked) return here.take(key, limit, windowMs);
      const [allowed, remaining, retryAfterMs] = asked.answer;
      return { allowed: allowed === 1, remaining, retryAfterMs };
    },

    async join(set, member, ttlMs) {
      await here.join(set, member, ttlMs);
      const name = presenceKey(set);
      await circuit.ask(name, () => redis.presenceJoin(name, member, Math.ceil(ttlMs)));
    },
    async leave(set, member) {
      await here.leave(set, member);
      const name = presenceKey(set);
      await circuit.ask(name, () => redis.zrem(name, member));
    },
    async members(set) {
      const name = presenceKey(set);
      const asked = await circuit.ask(name, () => redis.presenceMembers(name));
      return asked ? asked.answer.toSorted() : here.members(set);
    },

    async [Symbol.asyncDispose]() {
      circuit[Symbol.dispose]();
      redis.disconnect();
    },
  };
}

/** Copies that should have been dropped or replaced. Beyond the bound a stale one lives out its time. */
class MissedKeys {
  readonly #keys = new BoundedMap<string, true>(REDIS_MISSED_KEYS_MAX);
  readonly #drop: (key: string) => Promise<unknown>;

  constructor(drop: (key: string) => Promise<unknown>) {
    this.#drop = drop;
  }

  get size(): number {
    return this.#keys.size;
  }

  add(key: string): void {
    this.#keys.set(key, true);
  }

  async catchUp(): Promise<void> {
    const keys = [...this.#keys].slice(0, REDIS_REPLAYED_AT_ONCE).map(([key]) => key);
    // Taken out first: a key that is missed once more meanwhile must be dropped once more.
    for (const key of keys) this.#keys.delete(key);
    try {
      await Promise.all(keys.map(this.#drop));
    } catch (error) {
      for (const key of keys) this.add(key);
      throw error;
    }
  }
}

async function firstReady(redis: RedisClient, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.after(REDIS_CONNECT_MS_MAX, resolve);
    redis.once('ready', () => {
      timer.cancel();
      resolve();
    });
  });
  // A cluster is ready before all of its nodes are.
  const nodes = redis.isCluster ? (redis as Cluster).nodes('master') : [];
  await Promise.allSettled(nodes.map((node) => soon(clock, node.ping())));
}
