/** A client of one Redis server, or of a cluster, that gives up early and connects again by itself. */
import { Cluster, type CommonRedisOptions, Redis } from 'ioredis';
import {
  REDIS_CONNECT_MS_MAX,
  REDIS_REDIRECT_AFTER_MS,
  REDIS_REDIRECTIONS_MAX,
  REDIS_RETRY_MS_MAX,
  REDIS_SILENT_MS_MAX,
} from '../../config/engine-limits.ts';
import type { Random } from '../../kit/sources.ts';
import type { ClientTls } from '../tls.ts';
import { SCRIPTS, type Scripts } from './scripts.ts';

export interface RedisOptions {
  /** redis:// or rediss:// (TLS) addresses: one is a server, several are nodes of a cluster. */
  readonly urls: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly tls?: ClientTls;
  readonly random: Random;
}

export type RedisClient = (Redis | Cluster) & Scripts;

/** Before all keys, so that a server can be shared and a user's rights be narrow. */
const KEY_PREFIX = 'antiphon:';
const RETRY_MS = 50;

/** Connects in the background; commands fail at once while there is no connection. */
export function connectRedis({ urls, user, password, tls, random }: RedisOptions): RedisClient {
  const nodes = urls.map((url) => new URL(url));
  const [first] = nodes;
  if (!first) throw new Error('Redis needs at least one address.');
  // Half of it is chance, so that nodes which lost it together do not return together.
  const retryMs = (attempt: number): number =>
    Math.min(RETRY_MS * 2 ** attempt, REDIS_RETRY_MS_MAX) * (0.5 + random.next() / 2);
  const isTls = first.protocol === 'rediss:';
  const each = {
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: { ...tls } }),
    connectTimeout: REDIS_CONNECT_MS_MAX,
    socketTimeout: REDIS_SILENT_MS_MAX,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
    // A cluster's nodes too: else each is connected to by its first command.
    lazyConnect: false,
  } satisfies CommonRedisOptions;
  const addressOf = ({ hostname, port }: URL) => ({ host: hostname, port: Number(port || 6379) });

  const client =
    nodes.length === 1
      ? new Redis({
          ...each,
          ...addressOf(first),
          keyPrefix: KEY_PREFIX,
          scripts: SCRIPTS,
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          retryStrategy: retryMs,
        })
      : new Cluster(nodes.map(addressOf), {
          redisOptions: each,
          keyPrefix: KEY_PREFIX,
          scripts: SCRIPTS,
          enableOfflineQueue: false,
          maxRedirections: REDIS_REDIRECTIONS_MAX,
          retryDelayOnFailover: REDIS_REDIRECT_AFTER_MS,
          retryDelayOnClusterDown: REDIS_REDIRECT_AFTER_MS,
          retryDelayOnTryAgain: REDIS_REDIRECT_AFTER_MS,
          slotsRefreshTimeout: REDIS_CONNECT_MS_MAX,
          clusterRetryStrategy: retryMs,
          // A certificate names the host; its address, which the client would look up, may not be in it.
          ...(isTls && { dnsLookup: (address, callback) => callback(null, address) }),
        });
  return client as unknown as RedisClient;
}
