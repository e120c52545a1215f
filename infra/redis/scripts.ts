/**
 * What must happen as one, in Redis's own Lua. Each touches one key, as a cluster asks, and goes by the
 * server's clock, so that nodes whose clocks differ share one window.
 */
import type { ClusterOptions } from 'ioredis';
import { CACHE_MEMBERS_MAX } from '../../config/engine-limits.ts';

const NOW_MS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** The moments of all that was taken within the window, oldest first, as in the memory cache. */
const take = `${NOW_MS}
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local count = redis.call('LLEN', KEYS[1])
local allowed = count < limit and 1 or 0
if allowed == 1 then
  count = redis.call('RPUSH', KEYS[1], string.format('%d', now))
  redis.call('PEXPIRE', KEYS[1], window)
end
local retryAfter = 0
if limit <= 0 then
  retryAfter = window
elseif count >= limit then
  retryAfter = redis.call('LINDEX', KEYS[1], count - limit) + window - now
end
return { allowed, math.max(0, limit - count), retryAfter }
`;

/** Members by the moment their presence ends; a full set loses the one that would end first. */
const join = `${NOW_MS}
local ttl = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ttl, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -${CACHE_MEMBERS_MAX + 1})
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], ttl) end
return 1
`;

const members = `${NOW_MS}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now), '+inf')
`;

/** ioredis sends a script by its digest, and whole when the server does not know it. */
export const SCRIPTS = {
  windowTake: { lua: take, numberOfKeys: 1 },
  presenceJoin: { lua: join, numberOfKeys: 1 },
  presenceMembers: { lua: members, numberOfKeys: 1, readOnly: true },
} as const satisfies ClusterOptions['scripts'];

/** The methods that the scripts become. */
export interface Scripts {
  windowTake(key: string, limit: number, windowMs: number): Promise<[0 | 1, number, number]>;
  presenceJoin(key: string, member: string, ttlMs: number): Promise<number>;
  presenceMembers(key: string): Promise<string[]>;
}
