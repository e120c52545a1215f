/** Every limit of the service, by room. Units stand last in each name. */

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

// Journal and tables
export const JOURNAL_RECORD_BYTES_MAX = 512 * 1024;
export const JOURNAL_DEDUPE_WINDOW_MS = 2 * MINUTE_MS;
export const CONSUMER_BATCH_MAX = 256;

// Virtual actors
export const ACTOR_RESIDENTS_MAX = 100_000;
export const ACTOR_IDLE_MS = 10 * MINUTE_MS;
export const ACTOR_MAILBOX_MAX = 64;
export const ACTOR_SNAPSHOT_EVERY = 64;
export const ACTOR_RECENT_COMMANDS_MAX = 32;
export const ACTOR_STALE_RETRIES_MAX = 5;
export const CALL_DEADLINE_MS = 5 * SECOND_MS;

// Playing
export const COUNTED_AFTER_LISTENED_MS = 30 * SECOND_MS;
export const PROGRESS_REPORT_EVERY_MS = 10 * SECOND_MS;
export const PLAYER_QUEUE_MAX = 1000;
export const PLAYER_QUEUE_SHOWN_MAX = 50;

// Accounts
export const DEVICES_MAX = 5;
export const ACCESS_TOKEN_TTL_MS = 15 * MINUTE_MS;
export const REFRESH_TOKEN_TTL_MS = 30 * DAY_MS;

// Media
export const MEDIA_TOKEN_TTL_MS = 30 * MINUTE_MS;
export const SEGMENT_TARGET_MS = 6 * SECOND_MS;

// Gateway
export const STREAM_REQUESTS_PER_MIN = 100;
export const SEARCH_REQUESTS_PER_MIN = 30;
export const UNAUTHENTICATED_REQUESTS_PER_MIN = 10;
export const REQUEST_BODY_BYTES_MAX = 256 * 1024;
