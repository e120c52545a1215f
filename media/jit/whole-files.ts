/**
 * Whole renditions, for clients that take one progressive file: its head names the size of every frame, so
 * that it can begin only when the last one is encoded. A few are kept for the ranges that follow.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rung } from '../../actors/catalog/contract.ts';
import { JIT_FILE_WAIT_MS_MAX, JIT_FILES_MAX, JIT_RETRY_AFTER_SEC } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import { makeWorkFolder, type WorkFolder, withRoom } from '../ingest/work-folder.ts';
import { initOf } from '../package/layout.ts';
import type { ReadRange } from '../package/mp4/read.ts';
import type { Rendition, SegmentEntry } from '../package/types.ts';
import type { CutSegment, Encoded } from './encode.ts';
import type { Plan } from './plan.ts';

/** As the rendition of a package, in a file that is there until it is disposed. */
export interface WholeFile {
  readonly rendition: Rendition;
  readonly read: ReadRange;
  /** Names these bytes. */
  readonly id: string;
}

interface Kept extends WholeFile {
  readonly handle: FileHandle;
  readonly folder: WorkFolder;
  /** Reads under way. */
  reads: number;
  retired: boolean;
}

export function createWholeFiles({
  encode,
  tempFolder,
  clock,
}: {
  readonly encode: (plan: Plan, rung: Rung) => AsyncGenerator<CutSegment, Encoded>;
  readonly tempFolder: string;
  readonly clock: Clock;
}) {
  /** Used last stands last. */
  const kept = new Map<string, Kept>();
  const making = new Map<string, Promise<WholeFile>>();

  const close = async ({ handle, folder }: Kept): Promise<void> => {
    await handle.close();
    await folder[Symbol.asyncDispose]();
  };
  const retire = async (file: Kept): Promise<void> => {
    file.retired = true;
    if (file.reads === 0) await close(file);
  };

  const make = async (key: string, plan: Plan, rung: Rung): Promise<WholeFile> => {
    await using cleanup = new AsyncDisposableStack();
    const folder = cleanup.use(await makeWorkFolder(tempFolder));
    const handle = await open(join(folder.path, `${rung}.mp4`), 'wx+', 0o600);
    cleanup.defer(() => handle.close());
    const rendition = await withRoom(folder.path, () => write(plan, rung, handle, encode(plan, rung)));
    cleanup.move();
    const file: Kept = {
      rendition,
      id: createHash('sha256').update(folder.path).digest('base64url').slice(0, 22),
      async read(start, end) {
        file.reads += 1;
        try {
          const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
          return buffer.subarray(0, bytesRead);
        } finally {
          file.reads -= 1;
          if (file.retired && file.reads === 0) await close(file);
        }
      },
      ...{ handle, folder, reads: 0, retired: false },
    };
    kept.set(key, file);
    for (const [oldest, old] of kept) {
      if (kept.size <= JIT_FILES_MAX) break;
      kept.delete(oldest);
      await retire(old);
    }
    return file;
  };

  return {
    /** @throws UnavailableError `FILE_NOT_READY` when it takes longer than a client waits; it goes on being made */
    async get(plan: Plan, rung: Rung): Promise<WholeFile> {
      const key = `${plan.layout.songId}/${plan.layout.samples}/${rung}`;
      const ready = kept.get(key);
      if (ready) {
        kept.delete(key);
        kept.set(key, ready);
        return ready;
      }
      let made = making.get(key);
      if (!made) {
        if (making.size >= JIT_FILES_MAX) throw notReady();
        made = make(key, plan, rung).finally(() => making.delete(key));
        made.catch(() => undefined);
        making.set(key, made);
      }
      const late = Promise.withResolvers<never>();
      const timer = clock.after(JIT_FILE_WAIT_MS_MAX, () => late.reject(notReady()));
      return await Promise.race([made, late.promise]).finally(() => timer.cancel());
    },

    async [Symbol.asyncDispose]() {
      await Promise.allSettled(making.values());
      for (const file of kept.values()) await retire(file);
      kept.clear();
    },
  };
}

const notReady = (): UnavailableError =>
  new UnavailableError('FILE_NOT_READY', 'The file is being made; ask again in a moment.', {
    retryAfterSec: JIT_RETRY_AFTER_SEC,
  });

async function write(
  { layout }: Plan,
  rung: Rung,
  handle: FileHandle,
  segments: AsyncIterable<CutSegment>,
): Promise<Rendition> {
  const planned = layout.renditions.find((rendition) => rendition.rung === rung);
  if (!planned) throw new Error(`no rendition has ${rung} kbit/s`);
  const init = initOf(layout, planned);
  await handle.appendFile(init);
  const entries: SegmentEntry[] = [];
  let offset = init.length;
  for await (const { index, head, frames } of segments) {
    const bytes = Buffer.concat([head, ...frames]);
    await handle.appendFile(bytes);
    const { samples } = planned.segments[index] ?? { samples: 0 };
    entries.push({ offset, headBytes: head.length, bytes: bytes.length, samples });
    offset += bytes.length;
  }
  return { ...planned, initBytes: init.length, fileBytes: offset, segments: entries };
}
