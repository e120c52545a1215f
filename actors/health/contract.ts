/** What administrators see of the running service. */
import { type Static, Type } from 'typebox';
import { DurationMs, defineContract, Empty, literals, object, query, TimeMs } from '../../kit/contract.ts';

const count = Type.Integer({ minimum: 0 });
const bytes = Type.Integer({ minimum: 0, description: 'Bytes' });

export const ConsumerLag = object({ stream: Type.String(), consumer: Type.String(), records: count });
export type ConsumerLag = Static<typeof ConsumerLag>;

const Disk = object({ freeBytes: bytes, totalBytes: bytes });

export const Node = object({
  nodeId: Type.String(),
  roles: Type.Array(Type.String()),
  version: Type.String(),
  nodeVersion: Type.String(),
  startedAtMs: TimeMs,
  seenAtMs: TimeMs,
  memory: object({ usedBytes: bytes, freeBytes: bytes, totalBytes: bytes }),
  /** 99 of 100 turns of the event loop were late by less, lately. */
  loopLagMs: Type.Number({ minimum: 0 }),
  /** Where the data folder is. */
  disk: Type.Optional(Disk),
  /** Absent where none is needed. */
  ffmpeg: Type.Optional(
    Type.Union([
      object({ s: Type.Literal('found'), path: Type.String(), version: Type.String() }),
      object({ s: Type.Literal('missing'), why: Type.String() }),
    ]),
  ),
});
export type Node = Static<typeof Node>;

const Engine = object({
  name: Type.String(),
  state: literals('good', 'away'),
  tookMs: Type.Number({ minimum: 0 }),
  why: Type.Optional(Type.String()),
});
export type Engine = Static<typeof Engine>;

export const WARNINGS = [
  'ENGINE_AWAY',
  'FFMPEG_MISSING',
  'DISK_LOW',
  'MEMORY_LOW',
  'LOOP_SLOW',
  'CONSUMER_BEHIND',
  'RECORDS_PARKED',
] as const;
const Warning = object({
  code: literals(...WARNINGS),
  /** What it is about: an engine, a node, a consumer. */
  about: Type.String(),
});
export type Warning = Static<typeof Warning>;

export const Health = object({
  state: literals('good', 'watch', 'bad'),
  warnings: Type.Array(Warning),
  engines: Type.Array(Engine),
  /** Those that are behind, the furthest first. */
  behind: Type.Array(ConsumerLag),
  parked: object({ records: count, more: Type.Boolean() }),
  nodes: Type.Array(Node),
});
export type Health = Static<typeof Health>;

const Percentiles = {
  p50Ms: Type.Optional(Type.Number({ minimum: 0 })),
  p99Ms: Type.Optional(Type.Number({ minimum: 0 })),
};

const Hour = object({
  fromMs: TimeMs,
  plays: count,
  streams: count,
  requests: count,
  errors: count,
  ...Percentiles,
});
export type Hour = Static<typeof Hour>;

export const Metrics = object({
  now: object({
    players: count,
    requestsPerSec: Type.Number({ minimum: 0 }),
    errors: count,
    spanMs: DurationMs,
    ...Percentiles,
  }),
  /** Each hour of METRICS_HOURS_SHOWN up to now, oldest first, also those without anything. */
  hours: Type.Array(Hour),
});
export type Metrics = Static<typeof Metrics>;

const StoredPart = object({
  part: literals('originals', 'packages', 'covers', 'database', 'backups'),
  /** Absent when it could not be measured. */
  bytes: Type.Optional(bytes),
  items: Type.Optional(count),
  /** What of it can be made again: beyond the budget it makes room for what is wanted more. */
  evictable: Type.Optional(object({ bytes, budgetBytes: bytes })),
});
export type StoredPart = Static<typeof StoredPart>;

export const Storage = object({
  measuredAtMs: TimeMs,
  parts: Type.Array(StoredPart),
  disk: Type.Optional(Disk),
});
export type Storage = Static<typeof Storage>;

export const healthContract = defineContract({
  name: 'health',
  actions: {
    health: query('How each part of the service is (administrator)', { params: Empty, result: Health }),
    metrics: query('Listening and requests, now and by hour (administrator)', {
      params: Empty,
      result: Metrics,
    }),
    storage: query('What is stored and how much of it (administrator)', { params: Empty, result: Storage }),
  },
});
