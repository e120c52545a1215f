/** The limits of engines, by engine; actors know none of them. Units stand last in each name. */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './limits.ts';

// Embedded store
/** Writes that share one transaction and one fsync; also bounds how long the event loop is held. */
export const STORE_GROUP_WRITES_MAX = 512;
export const STORE_WRITES_WAITING_MAX = 100_000;
/** What LMDB takes as a key with 4 KiB pages. */
export const STORE_KEY_BYTES_MAX = 1978;
export const STORE_SWEEP_EVERY_MS = 30 * SECOND_MS;
export const STORE_SWEEP_ROWS_MAX = 500;

// Embedded cache and search index
export const CACHE_ENTRIES_MAX = 100_000;
export const CACHE_WINDOWS_MAX = 50_000;
export const CACHE_SETS_MAX = 50_000;
export const CACHE_MEMBERS_MAX = 10_000;
export const SEARCH_WINDOW_MAX = 2000;
export const SEARCH_TERMS_MAX = 16;
export const SEARCH_UPSERT_CHUNK = 200;
/** From these word lengths on, one and two typos are forgiven. */
export const SEARCH_ONE_TYPO_CHARS_MIN = 4;
export const SEARCH_TWO_TYPOS_CHARS_MIN = 7;

// Bus
/** A silent node is given up after up to twice its timeout, which must exceed the longest event-loop stall. */
export const BUS_HEARTBEAT_MS = SECOND_MS;
export const BUS_HEARTBEAT_TIMEOUT_MS = 3 * SECOND_MS;
/** A process that ends lets its calls end: longer than GATEWAY_COMMAND_MS_MAX, as is CLOSE_GRACE_MS. */
export const BUS_SHUTDOWN_WAIT_MS = 13 * SECOND_MS;
/** What a NATS server takes by default. */
export const BUS_MESSAGE_BYTES_MAX = 1024 ** 2;
export const BUS_SWEEP_EVERY_MS = 100;
/** A node that owes answers is pinged once it has been silent this long, and passed over after the second. */
export const BUS_PING_AFTER_MS = 300;
export const BUS_SUSPECT_AFTER_MS = SECOND_MS;
/** From then on the answer of a living node counts as lost on the way, so what can be repeated is. */
export const BUS_ATTEMPT_MS = 3 * SECOND_MS;
/** How long a call waits for somebody to host its service. */
export const BUS_AWAY_MS_MAX = 3 * SECOND_MS;
export const BUS_RETRY_PAUSE_MS = 20;
export const BUS_RETRY_PAUSE_MS_MAX = SECOND_MS;
/** Retries are at most this share of the calls of the last BUS_RETRY_MEMORY_MS, and a few for a quiet node. */
export const BUS_RETRY_SHARE = 0.2;
export const BUS_RETRY_MEMORY_MS = 10 * SECOND_MS;
export const BUS_RETRIES_PER_SEC_MIN = 10;
export const BUS_FRAME_BYTES_MAX = 16 * 1024 ** 2;
/** Of a peer that does not read, such as a process that is stopped; beyond it the peer is cut off. */
export const BUS_PEER_UNREAD_BYTES_MAX = 32 * 1024 ** 2;

// NATS
export const NATS_DIAL_MS_MAX = 2 * SECOND_MS;
/** How long a process that starts waits for its first server. */
export const NATS_CONNECT_MS_MAX = 30 * SECOND_MS;
/** Of the wait between attempts to connect again; as much again is left to chance. */
export const NATS_RECONNECT_MS = 250;
/** A server that answers none of so many pings in a row is given up for another one. */
export const NATS_PING_EVERY_MS = 1500;
export const NATS_PINGS_MISSED_MAX = 2;
/** Without any answer of JetStream for so long, another server may be better off: it may be cut off. */
export const NATS_STUCK_MS = 5 * SECOND_MS;
export const NATS_SUBJECT_CHARS_MAX = 1024;

// Journal on JetStream
/** Of what is stored: changing it later is a migration, so an existing store with another number is refused. */
export const JOURNAL_SHARDS = 8;
/** One attempt at a call; it is sent again, by the same message id, until the caller's deadline or the limit. */
export const JOURNAL_TRY_MS = SECOND_MS;
/** How late an append may learn that its try was not answered. */
export const JOURNAL_REQUESTS_SWEEP_MS = 50;
export const JOURNAL_CALL_MS_MAX = 10 * SECOND_MS;
export const JOURNAL_RETRY_MS = 50;
export const JOURNAL_RETRY_MS_MAX = 500;
export const JOURNAL_READ_BATCH_MAX = 256;
export const JOURNAL_READ_BATCH_BYTES_MAX = 4 * 1024 ** 2;
/** A read of the newest n looks first at so many seqs for each, then at ever more. */
export const JOURNAL_LAST_SPREAD = 16;
/** A reader that hears nothing of its server for three of these begins anew on another one. */
export const JOURNAL_READER_BEAT_MS = SECOND_MS;
export const JOURNAL_READER_PULL_MS = 30 * SECOND_MS;
/** Processes of one consumer tell each other so often that they live, and believe it for so long. */
export const CONSUMER_BEAT_MS = SECOND_MS;
export const CONSUMER_GONE_MS = 3 * SECOND_MS;

// Cache on Redis
/** Then the caller goes on without the cache. */
export const REDIS_COMMAND_MS_MAX = 100;
export const REDIS_CONNECT_MS_MAX = 2 * SECOND_MS;
/** A connection that owes an answer for this long is opened anew. */
export const REDIS_SILENT_MS_MAX = 3 * SECOND_MS;
export const REDIS_RETRY_MS_MAX = SECOND_MS;
export const REDIS_PROBE_EVERY_MS = 250;
export const REDIS_REDIRECTIONS_MAX = 3;
/** Before a cluster's node is asked again; all of it fits into a command's time. */
export const REDIS_REDIRECT_AFTER_MS = 20;
/** Keys that could not be dropped while Redis was away, dropped when it is back. */
export const REDIS_MISSED_KEYS_MAX = 10_000;
export const REDIS_REPLAYED_AT_ONCE = 100;

// Objects over the S3 API
/** Larger ones go up in parts of this size; S3 takes 10,000 parts of at least 5 MiB. */
export const S3_PART_BYTES = 8 * 1024 ** 2;
export const S3_PARTS_MAX = 10_000;
/** Of one upload; each part is held in memory until it is up. */
export const S3_PARTS_AT_ONCE_MAX = 3;
export const S3_REQUESTS_AT_ONCE_MAX = 64;
export const S3_REQUESTS_WAITING_MAX = 2000;
/** A connection on which nothing moves for this long is dead. */
export const S3_IDLE_MS_MAX = 5 * SECOND_MS;
/** The same while a server joins the parts of a large object. */
export const S3_JOIN_MS_MAX = 2 * MINUTE_MS;
/** The same while an object is streamed: its reader may be the slow one. */
export const S3_STREAM_STALL_MS_MAX = 30 * SECOND_MS;
export const S3_STREAM_MS_MAX = 3 * HOUR_MS;
export const S3_REQUEST_MS_MAX = MINUTE_MS;
export const S3_TRIES_MAX = 3;
export const S3_RETRY_MS = 100;
/** No try begins later than this after the first. */
export const S3_RETRYING_MS_MAX = 8 * SECOND_MS;
export const S3_LIST_KEYS_MAX = 1000;
/** An upload in parts that is older was abandoned by a process that died. */
export const S3_UPLOAD_AGE_MS_MAX = DAY_MS;

// Cassandra
export const CASSANDRA_CONNECT_MS_MAX = 5 * SECOND_MS;
export const CASSANDRA_RECONNECT_EVERY_MS = SECOND_MS;
/** How long a start waits for it before it goes on without. */
export const CASSANDRA_OPEN_WAIT_MS = 15 * SECOND_MS;
/** A node that has not answered by then may hang: another one is asked. */
export const CASSANDRA_READ_MS_MAX = 3 * SECOND_MS;
/** Asked beside the first, so that a hung node costs this and not the whole time limit. */
export const CASSANDRA_SECOND_NODE_AFTER_MS = SECOND_MS;
export const CASSANDRA_RETRIES_MAX = 2;
/** Of one process; more at once would only time out together. */
export const CASSANDRA_REQUESTS_AT_ONCE_MAX = 256;
export const CASSANDRA_REQUESTS_WAITING_MAX = 8192;
/** Whole rounds of a conditional write whose outcome is in doubt. */
export const CASSANDRA_CONDITIONAL_TRIES_MAX = 3;
export const CASSANDRA_CONDITIONAL_RETRY_MS = 100;
/** Conditional writes of one partition go one by one; this many wait in a process. */
export const CASSANDRA_CONDITIONAL_WAITING_MAX = 256;
export const CASSANDRA_QUERIES_AT_ONCE_MAX = 32;
export const CASSANDRA_KEYS_PER_QUERY_MAX = 100;
export const CASSANDRA_ROWS_PER_FETCH_MAX = 500;
export const CASSANDRA_DDL_MS_MAX = 30 * SECOND_MS;
/** No attempt begins later than this after the first: the cluster may be busy, or still be on its way. */
export const MIGRATION_TRYING_MS_MAX = 5 * MINUTE_MS;
export const MIGRATION_RETRY_MS = 2 * SECOND_MS;
export const MIGRATION_LOCK_TTL_MS = MINUTE_MS;
export const MIGRATION_LOCK_WAIT_MS_MAX = 5 * MINUTE_MS;
export const MIGRATION_LOCK_RETRY_MS = 500;
