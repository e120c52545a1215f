/** What health asks of this process, its machine and its engines. */
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createHealth, type HealthActor } from './actors/health/actor.ts';
import type { Node } from './actors/health/contract.ts';
import { readLags, readTally } from './actors/health/meter.ts';
import type { EngineCheck, Machine, Measure } from './actors/health/ports.ts';
import { HEALTH_HOURS } from './actors/health/tables.ts';
import { searchContract } from './actors/search/contract.ts';
import { FFMPEG_LOOKED_FOR_EVERY_MS, READY_CHECK_WAIT_MS } from './config/limits.ts';
import type { Settings } from './config/settings.ts';
import { isCluster } from './infra/open-engines.ts';
import type { OpenJit } from './jit.config.ts';
import { type Caller, clientOf } from './kit/client.ts';
import type { Engines } from './kit/ports/engines.ts';
import { systemClock } from './kit/sources.ts';
import { findFfmpeg } from './media/ingest/ffmpeg.ts';
import { libraryContract } from './media/library/contract.ts';

const NANOSECONDS_PER_MS = 1e6;
const LOOP_SAMPLE_MS = 20;
/** Of `blocks` in what stat tells. */
const BLOCK_BYTES = 512;
const PROBE = 'health';

export async function openHealth(
  bus: Caller,
  engines: Engines,
  settings: Settings,
  /** Of a process that packages songs as they are played. */
  jit: Pick<OpenJit, 'evictable'> | undefined,
): Promise<HealthActor> {
  const about: { version: string } = JSON.parse(
    await readFile(join(import.meta.dirname, 'package.json'), 'utf8'),
  );
  return createHealth({
    ...engines,
    clock: systemClock,
    meter: { tally: readTally, lags: readLags },
    machine: machineOf(settings, about.version, jit !== undefined),
    engines: checksOf(bus, engines, settings),
    storage: measuresOf(bus, settings, jit),
  });
}

function checksOf(
  bus: Caller,
  { journal, tables, cache, objects }: Engines,
  { mediaUrl }: Settings,
): Record<string, EngineCheck> {
  const hours = tables.open(HEALTH_HOURS);
  const search = clientOf(searchContract, bus);
  return {
    journal: () => journal.lastSeq('accounts', `accounts.${PROBE}`),
    tables: () => hours.get(PROBE, [0, PROBE]),
    objects: () => objects.head(PROBE),
    async cache() {
      await cache.set(PROBE, true, READY_CHECK_WAIT_MS);
      if ((await cache.get(PROBE)) !== true) throw new Error('What was just kept is not there.');
    },
    search: () => search.search({ query: PROBE, limit: 1 }),
    ...(mediaUrl !== undefined && {
      edge: () => fetch(`${mediaUrl}/healthz`, { signal: AbortSignal.timeout(READY_CHECK_WAIT_MS) }),
    }),
  };
}

function machineOf(settings: Settings, version: string, packagesAsPlayed: boolean): Machine {
  const delay = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  delay.enable();
  const needsFfmpeg = packagesAsPlayed || settings.roles.includes('ingest');
  let ffmpeg: Node['ffmpeg'];
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  /** In the background: it runs other programs. One that is missing may come at any time. */
  function lookForFfmpeg(): void {
    const nowMs = systemClock.nowMs();
    if (!needsFfmpeg || (ffmpeg?.s === 'found' && nowMs - lookedAtMs < FFMPEG_LOOKED_FOR_EVERY_MS)) return;
    lookedAtMs = nowMs;
    findFfmpeg(settings.ffmpegPath).then(
      ({ path, version }) => {
        ffmpeg = { s: 'found', path, version };
      },
      (error: Error) => {
        ffmpeg = { s: 'missing', why: error.message };
      },
    );
  }

  return {
    fixed: {
      nodeId: settings.nodeId,
      roles: settings.roles,
      version,
      nodeVersion: process.version,
      startedAtMs: Math.round(systemClock.nowMs() - process.uptime() * 1000),
    },
    async look() {
      lookForFfmpeg();
      const loopLagMs = Math.max(0, Math.round(delay.percentile(99) / NANOSECONDS_PER_MS - LOOP_SAMPLE_MS));
      delay.reset();
      const disk = await statfs(settings.dataDir).catch(() => undefined);
      return {
        memory: {
          usedBytes: process.memoryUsage.rss(),
          freeBytes: process.availableMemory(),
          // Without a container's limit the first is larger than any machine.
          totalBytes: Math.min(process.constrainedMemory() || totalmem(), totalmem()),
        },
        loopLagMs,
        ...(disk && {
          disk: { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize },
        }),
        ...(ffmpeg && { ffmpeg }),
      };
    },
  };
}

/** Bytes on disk and files below a folder; a folder that is not there has none. */
async function sizeOf(folder: string): Promise<{ bytes: number; items: number }> {
  let [bytes, items] = [0, 0];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const inner = await sizeOf(path);
      [bytes, items] = [bytes + inner.bytes, items + inner.items];
    } else if (entry.isFile()) {
      // Gone since it was listed.
      bytes += BLOCK_BYTES * ((await stat(path).catch(() => undefined))?.blocks ?? 0);
      items++;
    }
  }
  return { bytes, items };
}

/** In a cluster the engines keep what is stored, and tell of it themselves. */
function measuresOf(
  bus: Caller,
  settings: Settings,
  jit: Pick<OpenJit, 'evictable'> | undefined,
): Record<string, Measure> {
  if (isCluster(settings)) return {};
  const objects = join(settings.dataDir, 'objects');
  const library = clientOf(libraryContract, bus);
  return {
    async originals() {
      const { items } = await library.folders({});
      const sum = (count: 'bytes' | 'files') => items.reduce((total, { counts }) => total + counts[count], 0);
      return { bytes: sum('bytes'), items: sum('files') };
    },
    packages: async () => ({
      ...(await sizeOf(join(objects, 'tracks'))),
      ...(jit && { evictable: await jit.evictable() }),
    }),
    covers: () => sizeOf(join(objects, 'covers')),
    database: () => sizeOf(join(settings.dataDir, 'store')),
  };
}
