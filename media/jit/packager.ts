/**
 * Packages songs in the background, one at a time and whenever nobody waits for an encoder: first what was
 * played, then what is about to be, what was liked, and what is new as long as the budget has room.
 */
import { stat } from 'node:fs/promises';
import type { Loudness } from '../../actors/catalog/contract.ts';
import {
  JIT_PACKAGER_QUEUE_MAX,
  JIT_PACKAGER_REST_MS,
  JIT_SUGGESTIONS_EVERY_MS,
} from '../../config/limits.ts';
import { logger } from '../../kit/log.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { Clock, IdSource, Timer } from '../../kit/sources.ts';
import { RefusedError } from '../files/refusal.ts';
import type { ContainedProcess } from '../ingest/contained.ts';
import type { Ffmpeg } from '../ingest/ffmpeg.ts';
import { deleteAll, storePackage } from '../ingest/package.ts';
import { transcode, WAVEFORM_RATE_HZ } from '../ingest/transcode.ts';
import { PCM_SAMPLE_BYTES } from '../ingest/waveform.ts';
import { makeWorkFolder, withRoom } from '../ingest/work-folder.ts';
import { trackKeys } from '../package/names.ts';
import { songsPackaged } from './metrics.ts';
import type { Packages } from './packages.ts';
import type { Plan, Plans } from './plan.ts';
import type { Runs } from './runs.ts';

const log = logger('jit');

export interface PackagerDeps {
  readonly objects: Objects;
  readonly packages: Packages;
  readonly plans: Plans;
  readonly runs: Pick<Runs, 'busy' | 'onChange'>;
  readonly ffmpeg: () => Promise<Ffmpeg>;
  readonly ids: IdSource;
  readonly clock: Clock;
  readonly tempFolder: string;
  /** What packages may take of the disk, now. */
  readonly budgetBytes: () => Promise<number>;
  /** Tells the catalogue what packaging has found out; safe to send again. */
  readonly packaged: (song: { songId: string; loudness?: Loudness; hasPreview: boolean }) => Promise<unknown>;
  /** Songs worth packaging though nobody has asked for them, best first. */
  readonly suggestions: () => AsyncIterable<string>;
}

/** What is wanted first comes first. */
const WISHES = ['played', 'next', 'liked'] as const;
export type Wish = (typeof WISHES)[number];

export interface Packager extends AsyncDisposable {
  wish(songId: string, wish: Wish): void;
  /** Resolves when there is nothing more to do for now. */
  idle(): Promise<void>;
}

/** Of the disk, for a millisecond of music: all rungs together, with their boxes. */
const BYTES_PER_MS = (600 * 1.06) / 8;
/** The lowest priority there is. */
const NICE = 19;
const SHORTFALL_MS_MAX = 250;

export async function startPackager(deps: PackagerDeps): Promise<Packager> {
  const { objects, packages, plans, runs, clock } = deps;
  const wishes = new Map<string, Wish>();
  const given = new Set<string>();
  const stopping = new AbortController();
  let encoder: ContainedProcess | undefined;
  let timer: Timer | undefined;
  let working: Promise<void> | undefined;
  let suggested: AsyncIterator<string> | undefined;
  let suggestedAgainAtMs = 0;

  const stopped = new Promise<never>((_, reject) => {
    stopping.signal.addEventListener('abort', () => reject(stopping.signal.reason), { once: true });
  });
  stopped.catch(() => undefined);
  /** Others that stop at the same time may never answer. */
  const unlessStopped = <T>(answer: Promise<T>): Promise<T> => Promise.race([answer, stopped]);

  runs.onChange = () => {
    encoder?.signal(runs.busy ? 'SIGSTOP' : 'SIGCONT');
    if (!runs.busy) wake();
  };

  const next = async (): Promise<{ songId: string; wanted: boolean } | undefined> => {
    for (const wish of WISHES) {
      for (const [songId, own] of wishes) {
        if (own !== wish) continue;
        wishes.delete(songId);
        return { songId, wanted: wish !== 'liked' };
      }
    }
    if (clock.nowMs() < suggestedAgainAtMs) return undefined;
    suggested ??= deps.suggestions()[Symbol.asyncIterator]();
    const { value, done } = await unlessStopped(suggested.next());
    if (!done) return { songId: value, wanted: false };
    suggested = undefined;
    suggestedAgainAtMs = clock.nowMs() + JIT_SUGGESTIONS_EVERY_MS;
    return undefined;
  };

  const make = async (songId: string, plan: Plan, estimate: number): Promise<void> => {
    const { file, layout } = plan;
    const encodingId = deps.ids.next();
    await packages.begin(songId, estimate);
    await using folder = await makeWorkFolder(deps.tempFolder);
    try {
      await withRoom(folder.path, async () => {
        const source = { ...file, durationMs: layout.durationMs, outputSamples: layout.samples };
        const transcoded = await transcode(source, await deps.ffmpeg(), folder.path, {
          nice: NICE,
          signal: stopping.signal,
          onStart(running) {
            encoder = running;
            if (runs.busy) running.signal('SIGSTOP');
          },
        });
        const heldMs = ((await stat(transcoded.pcmPath)).size / PCM_SAMPLE_BYTES / WAVEFORM_RATE_HZ) * 1000;
        if (heldMs < layout.durationMs - SHORTFALL_MS_MAX) {
          await plans.endsAt(plan, Math.round((heldMs * layout.sampleRate) / 1000));
          await packages.drop(songId);
          return;
        }
        const track = await storePackage(songId, transcoded, undefined, objects, encodingId);
        const bytes = track.renditions.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
        await packages.end(songId, bytes + (track.preview?.bytes ?? 0));
        const { loudness } = track;
        await unlessStopped(deps.packaged({ songId, hasPreview: true, ...(loudness && { loudness }) }));
        songsPackaged.inc();
      });
    } catch (error) {
      if (!(await objects.head(trackKeys.index(songId)))) {
        await deleteAll(trackKeys.encoding(songId, encodingId), objects);
        // A stopped process leaves the row, by which the next one goes on.
        if (!stopping.signal.aborted) await packages.drop(songId);
      }
      throw error;
    } finally {
      encoder = undefined;
    }
  };

  const canBeMade = async (songId: string): Promise<boolean> => (await plans.of(songId)) !== undefined;

  /** @returns false when there is no room for songs that nobody has asked for. */
  const take = async (songId: string, wanted: boolean): Promise<boolean> => {
    const plan = await plans.of(songId);
    if (!plan || given.has(songId) || (await objects.head(trackKeys.index(songId)))) return true;
    const estimate = Math.round(plan.layout.durationMs * BYTES_PER_MS);
    const budget = await deps.budgetBytes();
    const fits = packages.bytes + estimate <= budget;
    if (!fits && !(wanted && (await packages.makeRoom(estimate, budget, canBeMade)))) return wanted;
    try {
      await make(songId, plan, estimate);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      // It would be the same again.
      given.add(songId);
      log.warn({ err: error, songId, path: plan.file.path }, 'a song could not be packaged');
    }
    return true;
  };

  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted && !runs.busy) {
      const song = await next();
      if (!song || !(await take(song.songId, song.wanted))) return;
    }
  };

  /** What stopped it may pass: a full disk, an encoder that is missing. */
  const rest = (error: unknown): void => {
    if (stopping.signal.aborted) return;
    log.warn({ err: error }, 'packaging rests for a while');
    timer?.cancel();
    timer = clock.after(JIT_PACKAGER_REST_MS, () => {
      timer = undefined;
      wake();
    });
  };
  function wake(): void {
    if (working || timer || stopping.signal.aborted) return;
    working = work()
      .catch(rest)
      .finally(() => {
        working = undefined;
        if (wishes.size > 0 && !runs.busy) wake();
      });
  }

  for (const songId of await packages.brokenOff()) wishes.set(songId, 'played');
  wake();

  return {
    wish(songId, wish) {
      if (wish === 'played') void packages.played(songId).catch(rest);
      if (packages.has(songId)) return;
      const before = wishes.get(songId);
      if (before && WISHES.indexOf(before) <= WISHES.indexOf(wish)) return;
      if (wishes.size >= JIT_PACKAGER_QUEUE_MAX && !before) return;
      wishes.set(songId, wish);
      wake();
    },
    async idle() {
      while (working) await working;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('the service stops'));
      timer?.cancel();
      // A stopped process would never see that it is killed by anything but this.
      encoder?.signal('SIGKILL');
      await working;
    },
  };
}
