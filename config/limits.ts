/** Every limit of the service, by room; engines have theirs in engine-limits.ts. Units stand last in each name. */

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

// Logs
export const LOG_BUFFER_BYTES = 4096;
export const LOG_FLUSH_EVERY_MS = 200;
/** Lines that nobody takes from us wait up to this much; what follows is dropped. */
export const LOG_WAITING_BYTES_MAX = 8 * 1024 ** 2;
/** A request that only reads is logged from this duration on; faster ones are counted. */
export const SLOW_READ_MS = 500;

// Journal and tables
export const JOURNAL_RECORD_BYTES_MAX = 512 * 1024;
export const JOURNAL_DEDUPE_WINDOW_MS = 2 * MINUTE_MS;
export const CONSUMER_BATCH_MAX = 256;
/** How long an append made by another process can stay unseen by an idle consumer. */
export const CONSUMER_POLL_MS = 250;
export const CONSUMER_RETRY_MS = 100;
export const CONSUMER_RETRY_MS_MAX = 30 * SECOND_MS;
/** Attempts at one record by itself before it is parked. */
export const CONSUMER_TRIES_MAX = 8;
export const CONSUMER_CAUGHT_UP_MS_MAX = 30 * SECOND_MS;
export const CONSUMER_CAUGHT_UP_POLL_MS = 20;
export const CONSUMER_ERROR_CHARS_MAX = 2000;
export const PARKED_SHOWN_MAX = 200;
export const TABLE_PAGE_ROWS_MAX = 10_000;
export const TABLE_CURSOR_CHARS_MAX = 4096;
export const TABLE_ROW_BYTES_MAX = 1024 ** 2;
/** Half of what Cassandra takes as one write with commit log segments of 8 MiB. */
export const TABLE_BATCH_BYTES_MAX = 2 * 1024 ** 2;

// Objects
export const OBJECT_KEY_CHARS_MAX = 512;
export const OBJECT_TEMP_AGE_MS_MAX = HOUR_MS;
/** Of a file that is streamed: how much is read ahead. */
export const OBJECT_STREAM_CHUNK_BYTES = 256 * 1024;

// Backups
export const BACKUP_KEEP_MIN = 1;
/** A pass over all objects follows each one that found some replaced. */
export const BACKUP_OBJECT_PASSES_MAX = 5;

// Virtual actors
export const ACTOR_RESIDENTS_MAX = 100_000;
export const ACTOR_IDLE_MS = 10 * MINUTE_MS;
export const ACTOR_MAILBOX_MAX = 64;
export const ACTOR_SNAPSHOT_EVERY = 64;
export const ACTOR_RECENT_COMMANDS_MAX = 32;
export const ACTOR_STALE_RETRIES_MAX = 5;
/** How long a reader waits for the journal to say that an activation is the newest; then memory has to do. */
export const ACTOR_READ_CHECK_MS_MAX = 500;
export const ACTOR_SWEEP_EVERY_MS = 10 * SECOND_MS;
export const ACTOR_SWEEP_MAX = 1000;
/** A passivation that would save fewer records than this writes no snapshot. */
export const ACTOR_PASSIVATION_SNAPSHOT_RECORDS_MIN = 8;
export const CALL_DEADLINE_MS = 5 * SECOND_MS;

// Playing
export const COUNTED_AFTER_LISTENED_MS = 30 * SECOND_MS;
export const PROGRESS_REPORT_EVERY_MS = 10 * SECOND_MS;
export const PLAYER_QUEUE_MAX = 1000;
export const PLAYER_QUEUE_SHOWN_MAX = 50;
export const PLAYER_CONTEXT_MAX = 1000;
/** How long the session believes in a silent device, and how late its seek or pause may arrive. */
export const REPORT_GRACE_MS = MINUTE_MS;
/** A device that missed a pause tells of its excess within a report's interval; beyond that it is evidence. */
export const CLAIM_TOLERANCE_MS = 15 * SECOND_MS;
export const ENDED_PLAYS_MAX = 8;
export const PLAY_LEGS_MAX = 8;
export const PREVIOUS_RESTARTS_AFTER_MS = 3 * SECOND_MS;
export const SONG_FACTS_ROUNDS_MAX = 50;
export const SONGS_ASKED_MAX = 100;
export const ENTITLEMENT_CACHE_MS = 30 * SECOND_MS;
export const ENTITLEMENT_CACHE_MAX = 20_000;
export const SONG_FACTS_CACHE_MS = 30 * SECOND_MS;
export const SONG_FACTS_CACHE_MAX = 50_000;
export const KNOWN_WHILE_AWAY_MS = HOUR_MS;
/** How long a command waits for news of what its session remembers. */
export const KNOWN_ANSWER_MS_MAX = SECOND_MS;
export const KNOWN_ASKED_AGAIN_AFTER_MS = 5 * SECOND_MS;

// Accounts
export const DEVICES_MAX = 5;
export const CROSSFADE_MS_MAX = 12 * SECOND_MS;
export const ACCESS_TOKEN_TTL_MS = 15 * MINUTE_MS;
export const REFRESH_TOKEN_TTL_MS = 30 * DAY_MS;
/** However often it is renewed, a session ends then and the password is asked for again. */
export const SESSION_AGE_MS_MAX = 180 * DAY_MS;
/** How long a repeated refresh with the same commandId gets the same answer. */
export const REFRESH_RETRY_WINDOW_MS = 30 * SECOND_MS;
export const RESET_CODE_TTL_MS = DAY_MS;
/** Longer than a reset: whoever gets an account made for them may come when it suits. */
export const NEW_ACCOUNT_CODE_TTL_MS = 7 * DAY_MS;
export const INVITATION_TTL_MS = 7 * DAY_MS;
export const INVITATION_TTL_MS_MAX = 365 * DAY_MS;
export const INVITATION_USES_MAX = 100;
export const INVITATION_NOTE_CHARS_MAX = 200;
/** Kept at a time; those that nobody can use any more make room, oldest first. */
export const INVITATIONS_MAX = 500;
export const AUDIT_SHOWN_MAX = 200;
export const AUDIT_SHOWN_DEFAULT = 50;
export const ACCOUNT_WRITE_TRIES_MAX = 8;
export const ACCOUNT_WRITES_REMEMBERED = 4;
/** Nodes that start within this time of each other print the same setup code. */
export const SETUP_CODE_SHARED_MS = MINUTE_MS;
export const SIGNING_KEY_TRIES_MAX = 8;
/** A name whose sign-up broke off before the account was written is free again after this. */
export const USERNAME_CLAIM_TTL_MS = MINUTE_MS;

/** Argon2id, OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane. */
export const PASSWORD_HASH_MEMORY_KIB = 19_456;
export const PASSWORD_HASH_PASSES = 2;
export const PASSWORD_HASH_LANES = 1;
/** Below the four threads of libuv's pool, which files and the store need as well. */
export const PASSWORD_HASHES_AT_ONCE_MAX = 2;
export const PASSWORD_HASHES_WAITING_MAX = 64;

/** Failures within the window that cost no wait; each one after doubles it. */
export const LOGIN_FAILURES_FREE = 5;
export const LOGIN_FAILURES_PER_WINDOW_MAX = 20;
export const LOGIN_FAILURE_WINDOW_MS = HOUR_MS;
export const LOGIN_BACKOFF_MS = 2 * SECOND_MS;
export const LOGIN_BACKOFF_MS_MAX = 15 * MINUTE_MS;

export const SIGNING_KEY_LIFETIME_MS = 30 * DAY_MS;
/** A new key is published this long before it signs, so that every verifier knows it by then. */
export const SIGNING_KEY_PUBLISHED_AHEAD_MS = HOUR_MS;
export const SIGNING_KEYS_RELOAD_MS = MINUTE_MS;
export const ACCESS_TOKEN_BYTES_MAX = 4096;
export const VERIFIED_TOKENS_MAX = 20_000;
export const JWKS_MAX_AGE_MS = 5 * MINUTE_MS;
/** How often at most an unknown key id makes a verifier fetch the keys again. */
export const JWKS_REFETCH_MS_MIN = 5 * SECOND_MS;

/** After a declined renewal premium goes on for this long. */
export const PAYMENT_GRACE_MS = 7 * DAY_MS;
export const PAYMENT_RETRY_EVERY_MS = DAY_MS;

// Media
export const MEDIA_TOKEN_TTL_MS = 30 * MINUTE_MS;
export const SEGMENT_TARGET_MS = 6 * SECOND_MS;
export const FIRST_SEGMENT_TARGET_MS = 2 * SECOND_MS;
export const LAST_SEGMENT_MS_MIN = SECOND_MS;

// Ingest
export const INGEST_FOLDER_DEPTH_MAX = 32;
export const INGEST_FILE_BYTES_MAX = 4 * 1024 ** 3;
export const INGEST_SONG_MS_MIN = 500;
export const INGEST_SONG_MS_MAX = 3 * HOUR_MS;
export const INGEST_TRANSCODE_MS_MAX = 30 * MINUTE_MS;
export const INGEST_MEMORY_BYTES_MAX = 1024 ** 3;
export const INGEST_OUTPUT_FILE_BYTES_MAX = 1024 ** 3;
export const INGEST_LOG_BYTES_MAX = 64 * 1024;
/** Files that one import has sent and not seen the end of. */
export const INGEST_JOBS_AHEAD_MAX = 128;
export const INGEST_OUTCOMES_EVERY_MS = SECOND_MS;
export const INGEST_PARKED_EVERY_LOOKS = 30;
/** A release is sent this long at most after a look whether the job is still open. */
export const INGEST_RELEASE_MS_MAX = 10 * SECOND_MS;
/** What was sent and never queued is kept this long: longer than sending one file takes. */
export const INGEST_UPLOAD_AGE_MS_MAX = DAY_MS;
/** Of artists and albums whose ids an import keeps at hand. */
export const INGEST_IDS_REMEMBERED = 4096;
export const INGEST_SWEEP_EVERY_MS = HOUR_MS;
export const INGEST_JOBS_SHOWN_MS = 30 * DAY_MS;
export const INGEST_JOBS_PER_SCAN = 1000;
export const INGEST_REFUSED_SHOWN_MAX = 200;
export const LYRICS_FILE_BYTES_MAX = 512 * 1024;
export const LYRICS_LINES_MAX = 5000;
export const LYRICS_LINE_CHARS_MAX = 1000;
export const PREVIEW_MS = 30 * SECOND_MS;
export const WAVEFORM_BINS = 800;

// Covers
/** Files known to be written down, so that the songs of a folder write their cover once. */
export const COVER_SOURCES_REMEMBERED = 10_000;
export const COVER_SOURCES_PER_SCAN = 20;
export const COVER_SOURCES_TRIED_MAX = 1000;
export const COVER_BYTES_MAX = 20 * 1024 ** 2;
export const COVER_PIXELS_MAX = 50_000_000;
export const COVER_DECODE_SEC_MAX = 10;
/** Below the four threads of libuv's pool, which files and the store need as well. */
export const COVERS_AT_ONCE_MAX = 2;
/** Some pages of covers; each takes some 20 ms. */
export const COVERS_WAITING_MAX = 300;
export const COVER_RETRY_AFTER_SEC = 3;
export const COVERS_BROKEN_MAX = 10_000;
/** Covers made, read and kept by the edge apart from sound, which must never wait for them. */
export const COVER_CACHE_BYTES_MAX = 32 * 1024 ** 2;
export const COVER_READS_AT_ONCE_MAX = 512;

// Files of music: what reading one may cost
export const FILE_WINDOW_BYTES = 64 * 1024;
/** The most that is ever read in one piece: a cover, or an index of samples. */
export const FILE_READ_BYTES_MAX = 24 * 1024 ** 2;
/** As much of what follows an ID3 tag as is looked at to tell what it is. */
export const SNIFFED_BYTES = 64 * 1024;
export const IDENTITY_BLOCKS = 8;
export const IDENTITY_BLOCK_BYTES = 8 * 1024;
export const TAG_BLOCK_BYTES_MAX = 24 * 1024 ** 2;
export const TAG_TEXT_BYTES_MAX = 1024 ** 2;
export const TAG_FIELDS_MAX = 500;
export const TAG_FIELD_VALUES_MAX = 200;
export const TAG_PICTURES_MAX = 20;
export const ID3_FRAMES_MAX = 2000;
/** Where the first frame of an MP3 file is looked for. */
export const MP3_SYNC_BYTES_MAX = 64 * 1024;
export const FLAC_BLOCKS_MAX = 1000;
/** Where the last frame is looked for: nearly always in the first of these. */
export const FLAC_TAILS_BYTES: readonly number[] = [64 * 1024, 1024 ** 2];
export const OGG_PAGES_MAX = 1_000_000;
export const OGG_STREAMS_MAX = 16;
export const OGG_TRAILER_BYTES_MAX = 64 * 1024;
export const MP4_BOXES_MAX = 10_000;
/** The sizes of a million samples: six hours of AAC. */
export const MP4_TABLE_BYTES_MAX = 4 * 1024 ** 2;
export const CHUNKS_MAX = 1000;

// Library
export const LIBRARY_PAGE_MAX = 200;
export const LIBRARY_FILES_PER_SONG_MAX = 100;
export const LIBRARY_PATH_BYTES_MAX = 900;
/** By a command; pages of them have no end. */
export const LIBRARY_REFUSED_SHOWN_MAX = 1000;
/** Songs that are given to the catalogue at once, which derives what they share but once. */
export const LIBRARY_BATCH_SONGS = 100;
export const LIBRARY_ROWS_PER_SCAN = 1000;
/** Songs of one folder without an album artist, who wait for each other. */
export const LIBRARY_LOOSE_MAX = 500;
export const LIBRARY_PROGRESS_EVERY_MS = 500;
/** Sooner than this a rate says nothing of the time that remains. */
export const LIBRARY_RATE_KNOWN_AFTER_MS = 2 * SECOND_MS;
/** A file that changed this short a time ago may still be written. */
export const LIBRARY_SETTLED_AFTER_MS = 3 * SECOND_MS;
export const LIBRARY_QUIET_MS = 2 * SECOND_MS;
/** While a folder is read, its pages are told of it this often. */
export const LIBRARY_NEWS_EVERY_MS = 500;
/** Commands add folders too. */
export const LIBRARY_FOLDERS_EVERY_MS = 3 * SECOND_MS;
/** A process that was killed with a file in hand may have been killed for another reason: once is no proof. */
export const LIBRARY_DEATHS_PER_FILE_MAX = 2;
export const LIBRARY_FILE_MS_MAX = 30 * SECOND_MS;
export const LIBRARY_TURN_ASKED_EVERY_MS = 250;
export const LIBRARY_TURN_TOLD_EVERY_MS = 5 * SECOND_MS;
/** Longer than one file may take. */
export const LIBRARY_TURN_LOST_AFTER_MS = 2 * MINUTE_MS;
export const LIBRARY_READER_TOLD_EVERY_MS = 10 * SECOND_MS;
/** Nothing is heard of a process that a file holds in a loop. Longer than one file may take by its own clock. */
export const LIBRARY_READER_SILENT_MS_MAX = 90 * SECOND_MS;
export const LIBRARY_READER_MEMORY_MB = 256;
export const LIBRARY_READER_BACKOFF_MS = 500;
export const LIBRARY_READER_BACKOFF_MS_MAX = MINUTE_MS;
export const LIBRARY_READER_STOP_MS_MAX = 5 * SECOND_MS;
export const LIBRARY_RESCAN_EVERY_MS = 15 * MINUTE_MS;
/** Changed folders that are looked at one by one; of more than these the whole is. */
export const LIBRARY_CHANGED_FOLDERS_MAX = 20;
export const LIBRARY_WATCHED_FOLDERS_MAX = 50_000;

// Just-in-time packaging
/** Processes that wait to become an encoder: a click, and the seek or better rung that follows it. */
export const JIT_SPARE_PROCESSES = 2;
/** By then the first segment is there. */
export const JIT_SPARE_AFTER_MS = SECOND_MS;
/** Encoders at once, for each core: one is often held up by its reader. */
export const JIT_RUNS_PER_CORE = 2;
/** How far an encoder runs ahead of what was asked for: about what a player keeps ready. */
export const JIT_SEGMENTS_AHEAD = 5;
/** Of a song that is expected to be asked for. */
export const JIT_SEGMENTS_EXPECTED = 2;
/** A segment no further ahead than this is waited for; for one beyond, another encoder starts there. */
export const JIT_SEGMENTS_NEAR = 3;
/** Segments that nobody has asked for yet, or that were asked for just now. */
export const JIT_SEGMENTS_BYTES_MAX = 32 * 1024 ** 2;
/** Plays whose beginning was made ahead. */
export const JIT_PLAYS_REMEMBERED_MAX = 10_000;
export const JIT_RUN_IDLE_MS = 30 * SECOND_MS;
export const JIT_RUN_MS_MAX = 6 * HOUR_MS;
/** Segments that are waited for, over all songs. */
export const JIT_WAITING_MAX = 64;
export const JIT_WAIT_MS_MAX = 15 * SECOND_MS;
/** The beginning of a song goes before what was asked for up to this much earlier. */
export const JIT_HEAD_START_MS = SECOND_MS;
/** Attempts at a segment. */
export const JIT_TRIES_MAX = 2;
export const JIT_RETRY_AFTER_SEC = 2;
/** Decoded and encoded before the first frame that is kept, so that it is what a run from the top would give. */
export const JIT_PREROLL_MS = 500;
export const JIT_WARM_UP_FRAMES = 16;
/** Songs that wait to be packaged in the background. */
export const JIT_PACKAGER_QUEUE_MAX = 1000;
/** After all songs were looked at. */
export const JIT_SUGGESTIONS_EVERY_MS = HOUR_MS;
/** After a failure that is no song's fault. */
export const JIT_PACKAGER_REST_MS = MINUTE_MS;
/** How exactly it is known when a package was last played. */
export const JIT_PLAYED_WRITTEN_EVERY_MS = HOUR_MS;
/** Of what is free, with what packages have already; the setting says another bound. */
export const JIT_PACKAGES_DISK_SHARE = 0.25;
/** Outlines and previews being made. */
export const JIT_EXTRAS_AT_ONCE_MAX = 2;
export const JIT_EXTRAS_WAITING_MAX = 32;
export const JIT_EXTRA_MS_MAX = MINUTE_MS;
export const JIT_FILES_MAX = 4;
export const JIT_FILE_WAIT_MS_MAX = 20 * SECOND_MS;

// Edge
export const EDGE_CACHE_BYTES_MAX = 128 * 1024 ** 2;
/** In the indexes of songs that are kept: a thousand songs of four minutes, or forty of two hours. */
export const EDGE_TRACK_SEGMENTS_MAX = 200_000;
/** Heads of progressive files, some 50 kB each. */
export const EDGE_FILE_HEADS_BYTES_MAX = 16 * 1024 ** 2;
export const EDGE_READS_AT_ONCE_MAX = 256;
export const EDGE_READ_BYTES_MAX = 512 * 1024;
export const EDGE_VERIFIED_TOKENS_MAX = 20_000;
export const EDGE_REPORT_SWEEP_EVERY_MS = 5 * SECOND_MS;
/** A play's served segments wait this long, so that several make one record. */
export const EDGE_REPORT_AFTER_MS = 20 * SECOND_MS;
export const EDGE_REPORT_PLAYS_MAX = 20_000;
export const EDGE_REPORT_APPENDS_AT_ONCE_MAX = 16;
/** Datagrams of edges in front that wait for us, some 300 bytes each. */
export const EDGE_REPORTS_BUFFER_BYTES = 4 * 1024 ** 2;
/** Reports on progressive files whose index is being read. */
export const EDGE_REPORTS_LOOKED_UP_MAX = 1000;

// Edge warming
export const WARM_EVERY_MS = 10 * SECOND_MS;
export const WARM_TRENDS_EVERY_MS = MINUTE_MS;
export const WARM_BYTES_PER_MIN = 64 * 1024 ** 2;
/** Of one edge. */
export const WARM_REQUESTS_AT_ONCE_MAX = 4;
export const WARM_SONGS_PLANNED_MAX = 200;
export const WARM_GRANT_TTL_MS = 5 * MINUTE_MS;
export const WARM_FETCH_MS_MAX = 10 * SECOND_MS;
/** An answer that takes longer than this shows a busy edge or origin. */
export const WARM_FETCH_SLOW_MS = 2 * SECOND_MS;
export const WARM_BACKOFF_MS = 5 * SECOND_MS;
export const WARM_BACKOFF_MS_MAX = 5 * MINUTE_MS;
/** Segments that let a song begin, of about SEGMENT_TARGET_MS each. */
export const WARM_START_SEGMENTS = 2;
/** Assumed while planning; what is spent is what was fetched. */
export const WARM_SONG_MS_TYPICAL = 210 * SECOND_MS;
export const WARM_RELEASE_LEAD_MS = 30 * MINUTE_MS;
export const WARM_RELEASE_AFTER_MS = 10 * MINUTE_MS;
export const WARM_RELEASES_MAX = 5000;
/** How far ahead a plan looks for plays. */
export const WARM_HORIZON_MS = 10 * MINUTE_MS;
export const WARM_FAST_HALF_LIFE_MS = 10 * MINUTE_MS;
export const WARM_SLOW_HALF_LIFE_MS = 6 * HOUR_MS;
/** Of each region; up to twice as many between two cuts. */
export const WARM_SONGS_COUNTED_MAX = 10_000;
/** Plays in the fast memory from which on a song can rise, and the growth of its share that counts as rising. */
export const WARM_RISING_PLAYS_MIN = 4;
export const WARM_RISING_GROWTH_MIN = 2;
/** Plays expected within the horizon from which on a rising song is warmed whole. */
export const WARM_WHOLE_PLAYS_MIN = 10;
/** Plays expected while an edge keeps a song from which on it belongs to the region's taste. */
export const WARM_TASTE_PLAYS_MIN = 1;
export const WARM_SESSIONS_MAX = 100_000;
export const WARM_SESSION_SONGS_MAX = 100;
export const WARM_NEXT_SONGS = 2;
export const WARM_NEXT_TTL_MS = 10 * MINUTE_MS;
export const WARM_NEXT_MAX = 20_000;
export const WARM_TOUCHED_MAX = 200_000;
/** How long a song is taken to stay in an edge's cache: the first guess, and what learning may make of it. */
export const WARM_RESIDENT_MS = HOUR_MS;
export const WARM_RESIDENT_MS_MIN = 5 * MINUTE_MS;
export const WARM_RESIDENT_MS_MAX = 7 * DAY_MS;
export const WARM_SHOWN_MAX = 200;

// Demo music
/** A track takes some seconds; this is for a machine that is very busy. */
export const DEMO_RENDER_MS_MAX = 10 * MINUTE_MS;
/** Attempts to take one track in. */
export const DEMO_TRIES_MAX = 5;

// Gateway
export const STREAM_REQUESTS_PER_MIN = 100;
export const SEARCH_REQUESTS_PER_MIN = 30;
export const UNAUTHENTICATED_REQUESTS_PER_MIN = 10;
export const REQUEST_BODY_BYTES_MAX = 256 * 1024;
/** Of one user over all routes, counted by each node for itself. */
export const USER_REQUESTS_PER_MIN = 1200;
/** A refresh token is a credential, so its exchange is not counted as unauthenticated. */
export const REFRESH_REQUESTS_PER_MIN = 60;
export const RATE_WINDOW_MS = MINUTE_MS;
export const RATE_KEYS_MAX = 50_000;
export const DEVICE_CHECK_TTL_MS = MINUTE_MS;
/** Then a valid token is enough: accounts is away, or so slow that sound would wait for it. */
export const DEVICE_CHECK_MS_MAX = SECOND_MS;
export const DEVICE_CHECKS_MAX = 50_000;
export const URL_LENGTH_MAX = 4096;
export const HEADERS_BYTES_MAX = 16 * 1024;
export const HEADERS_COUNT_MAX = 100;
export const HEADERS_TIMEOUT_MS = 10 * SECOND_MS;
export const REQUEST_TIMEOUT_MS = 30 * SECOND_MS;
export const KEEP_ALIVE_MS = 65 * SECOND_MS;
export const CLOSE_GRACE_MS = 13 * SECOND_MS;
export const READY_CHECK_WAIT_MS = 2 * SECOND_MS;
export const TELEMETRY_EVENTS_MAX = 100;
/** Outlives a node's death and the election of a journal's leader, so that a client sees one slow answer. */
export const GATEWAY_COMMAND_MS_MAX = 12 * SECOND_MS;
export const GATEWAY_QUERY_MS_MAX = 5 * SECOND_MS;
/** Players show something else when search is away, and should not wait for it. */
export const GATEWAY_SEARCH_MS_MAX = 3 * SECOND_MS;

// The first page, and what stands beside it
export const HOME_NEW_ALBUMS_MAX = 24;
/** Of each row by genre or decade, and of what was played lately. */
export const HOME_ALBUMS_MAX = 12;
/** A row of one album says nothing that it would not say elsewhere. */
export const HOME_ALBUMS_MIN = 2;
export const HOME_SONGS_MAX = 20;
export const HOME_TOP_DAYS = 90;
export const HOME_GENRES_MAX = 4;
export const HOME_DECADES_MAX = 3;
export const ARTIST_TOP_DEFAULT = 10;
/** Songs of an artist among whom the most streamed are looked for, in the order of their albums. */
export const ARTIST_TOP_LOOKED_MAX = 10_000;
export const ARTIST_TOP_AGE_MS_MAX = MINUTE_MS;

// Shedding: calls in flight from one gateway, by service
export const IN_FLIGHT_PLAYBACK_MAX = 4096;
export const IN_FLIGHT_ACCOUNTS_MAX = 256;
export const IN_FLIGHT_CATALOG_MAX = 512;
export const IN_FLIGHT_SEARCH_MAX = 64;
export const IN_FLIGHT_OTHERS_MAX = 256;
/** The event loop's lateness is taken this often, and the least of a window stands for the window. */
export const LOAD_SAMPLE_MS = 20;
export const LOAD_WINDOW_MS = 500;
export const LOAD_WINDOW_SAMPLES_MIN = 3;
/** A window never better than this has a standing queue. */
export const LOAD_LATENESS_MS_MAX = 60;
/** Per window: how fast the share of requests that is shed grows, and how slowly it goes back. */
export const LOAD_SHED_STEP = 0.25;
export const LOAD_SHED_STEP_BACK = 0.05;
export const SHED_RETRY_AFTER_SEC = 2;
export const BREAKER_WINDOW_MS = 10 * SECOND_MS;
export const BREAKER_CALLS_MIN = 10;
export const BREAKER_FAILED_SHARE = 0.5;
export const BREAKER_OPEN_MS = 5 * SECOND_MS;
/** How long a gateway that leaves says so at /readyz before it closes its doors. */
export const READY_DRAIN_MS = 3 * SECOND_MS;

// Sockets of the gateway
export const SOCKET_HELLO_WITHIN_MS = 5 * SECOND_MS;
export const SOCKET_HEARTBEAT_MS = 25 * SECOND_MS;
export const SOCKET_MESSAGE_BYTES_MAX = 64 * 1024;
export const SOCKET_MESSAGES_PER_MIN = 600;
export const SOCKET_CALLS_IN_FLIGHT_MAX = 16;
export const SOCKET_BUFFER_BYTES_MAX = 256 * 1024;
export const SOCKET_FULL_MS_MAX = 15 * SECOND_MS;
export const SOCKETS_PER_USER_MAX = 10;
export const SOCKETS_OPENED_PER_MIN = 60;
export const SOCKET_CLOSE_GRACE_MS = 2 * SECOND_MS;
export const SOCKETS_AWAITING_HELLO_MAX = 1000;
export const SOCKET_RING_EVENTS_MAX = 128;
export const SOCKET_RESUME_WITHIN_MS = 2 * MINUTE_MS;
export const CATALOG_NEWS_EVERY_MS = SECOND_MS;
export const CATALOG_NEWS_MAX = 50;

// Catalogue, search, history, likes
export const CATALOG_ITEM_TTL_MS = 15 * MINUTE_MS;
export const CATALOG_LIST_TTL_MS = 5 * MINUTE_MS;
export const CATALOG_WRITE_ATTEMPTS_MAX = 20;
/** Artists looked through for one of a given name. */
export const ARTISTS_OF_NAME_LOOKS_MAX = 50;
/** Songs, albums or artists that one correction names. */
export const CORRECTION_TARGETS_MAX = 100;
/** Of one song, album or artist, those undone not counted. */
export const CORRECTIONS_OF_TARGET_MAX = 200;
/** How far a song is followed from album to album, or from artist to artist. */
export const CORRECTION_STEPS_MAX = 32;
/** Songs brought in step between two breaths, and by the command itself before it answers. */
export const CORRECTION_SONGS_AT_ONCE = 100;
export const CORRECTION_SONGS_AWAITED_MAX = 500;
/** Songs in one call: what a bus message and one turn of the event loop bear. */
export const RELEASES_AT_ONCE_MAX = 100;
export const LYRICS_BYTES_MAX = 256 * 1024;
export const PAGE_DEFAULT = 50;
/** Of what has no album in its tags there can be more; what is beyond is on other lists, not on the album. */
export const ALBUM_SONGS_MAX = 5000;
export const ALBUM_ARTISTS_MAX = 1000;
export const ALBUM_GENRES_MAX = 10;
/** Genres beyond these are found and listed, but not counted: tags can hold anything. */
export const GENRES_COUNTED_MAX = 2000;
/** The biggest genres are shown with a cover: that of the first of their newest albums that has one. */
export const GENRE_COVERS_MAX = 100;
export const COVER_LOOKS_MAX = 5;
/** Rows read or songs settled between two breaths, so that no import holds up a player command. */
export const CATALOG_READ_CHUNK = 250;
export const ALBUM_SONGS_SHOWN_MAX = 1000;
export const ARTIST_GENRES_MAX = 10;
/** An artist's counts and page stop here. */
export const ARTIST_ALBUMS_MAX = 2000;
export const ARTIST_ALBUMS_SHOWN_MAX = 500;
export const ARTIST_SONGS_SHOWN_MAX = 100;
/** Stretches of a list that one page looks through for what fits a filter; then a shorter page is answered. */
export const ARTIST_SECTION_ROUNDS_MAX = 20;
export const ALBUM_FILTER_ROUNDS_MAX = 20;
export const SEARCH_DEFAULT = 20;
/** Many ask for the same few things at the same time; each answer costs the index and some 60 rows. */
export const SEARCH_ANSWER_AGE_MS_MAX = 3 * SECOND_MS;
export const SEARCH_LYRICS_CHARS_MAX = 4000;
/** Documents indexed between two breaths, so that filling the index never holds up a player command. */
export const SEARCH_FILL_CHUNK = 20;
/** Of an index that several processes write. */
export const SEARCH_LOOKS_MAX = 8;
export const SEARCH_FILL_RETRY_MS = 2 * SECOND_MS;
/** Attempts at a row that several processes write. */
export const MERGE_TRIES_MAX = 32;
export const TOP_DEFAULT = 50;
export const TOP_DAYS_MAX = 366;
export const TOP_DAYS_PER_SCAN = 100;
/** Hints that no longer hold, passed over while looking for a listener's most played songs. */
export const TOP_STALE_MAX = 1000;
export const COUNTED_SONGS_PER_SCAN = 500;
export const SONG_COUNTS_ASKED_MAX = 1000;
export const RECENT_CONTEXTS_MAX = 50;
export const LIKES_MAX = 10_000;
export const LIKE_WRITE_TRIES_MAX = 8;
export const LIKES_COUNTED_EVERY = 100;
export const LIKES_PER_SCAN = 1000;
/** Late records of a deleted account are refused for this long. */
export const ERASED_ACCOUNT_TTL_MS = 90 * DAY_MS;
export const ERASE_ROWS_PER_BATCH = 500;

// Operator
export const OPERATOR_RECORDS_DEFAULT = 20;
export const OPERATOR_RECORDS_MAX = 200;
/** A single record may be larger. Either way the answer fits into a message of the bus (1 MiB on NATS). */
export const OPERATOR_RECORDS_BYTES_MAX = 400 * 1024;
export const OPERATOR_USERS_SHOWN_MAX = 50;

// Health
export const HEALTH_REPORT_EVERY_MS = 10 * SECOND_MS;
export const HEALTH_REPORT_TTL_MS = 35 * SECOND_MS;
/** What "now" looks back on. */
export const HEALTH_RECENT_MS = 5 * MINUTE_MS;
/** How often a process writes down the hour that it is in. */
export const HEALTH_HOUR_WRITTEN_EVERY_MS = MINUTE_MS;
export const HEALTH_HOURS_KEPT_MS = 14 * DAY_MS;
export const METRICS_HOURS_SHOWN = 48;
export const HEALTH_NODES_PER_HOUR_MAX = 1000;
export const HEALTH_DISK_FREE_BYTES_MIN = 2 * 1024 ** 3;
export const HEALTH_MEMORY_FREE_SHARE_MIN = 0.03;
export const HEALTH_LOOP_LAG_MS_MAX = 200;
/** A consumer that is further behind for a moment is no news. */
export const HEALTH_CONSUMER_LAG_RECORDS_MAX = 5000;
export const FFMPEG_LOOKED_FOR_EVERY_MS = 5 * MINUTE_MS;
export const STORAGE_MEASURED_EVERY_MS = 10 * MINUTE_MS;
