/**
 * One song through all steps: probe, identity, transcode, cover, lyrics, package, publish.
 *
 * Each step can be done again and leaves what it finds done: the id of a sound never changes, a song whose
 * index is stored is not encoded again, the catalogue takes the same release twice. The file is remembered
 * last, so that a run that died anywhere is completed by the next one.
 */
import { lstat } from 'node:fs/promises';
import { AntiphonError } from '../../kit/errors.ts';
import { InTurn } from '../../kit/in-turn.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import type { IdSource } from '../../kit/sources.ts';
import { storeCover } from '../covers/covers.ts';
import { type Beside, filesBeside, stateOf } from '../files/beside.ts';
import type { SongDescription } from '../files/description.ts';
import { RefusedError } from '../files/refusal.ts';
import type { PackagedTrack } from '../package/types.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { createCatalogIds, digestOf } from './ids.ts';
import { packagedTrack, storePackage, sweepEncodings } from './package.ts';
import { describeFile, type Probed, probe } from './probe.ts';
import { type Catalog, releaseOf } from './release.ts';
import type { IngestTables } from './tables.ts';
import { transcode } from './transcode.ts';
import { makeWorkFolder, withRoom } from './work-folder.ts';

export interface IngestDeps {
  readonly objects: Objects;
  readonly tables: IngestTables;
  readonly catalog: Catalog;
  readonly ids: IdSource;
  readonly ffmpeg: Ffmpeg;
  /** Where encoded files lie until they are stored; it exists, best on the objects' disk. */
  readonly tempFolder: string;
}

export interface SongSource {
  /** Absolute, with no link in it. */
  readonly path: string;
  /** Taken instead of the file's tags. */
  readonly description?: SongDescription;
  /** Of a file that was sent here: as its own machine knows it. */
  readonly sent?: {
    readonly path: string;
    readonly state: string;
    /** A path whose file had the same sound and is there no more. */
    readonly insteadOf?: string;
  };
}

export type IngestedSong =
  | {
      readonly s: 'released';
      readonly songId: string;
      readonly encoded: boolean;
      readonly cpuMs: number;
      readonly durationMs: number;
    }
  | { readonly s: 'unchanged'; readonly songId: string }
  /** Another file holds the same sound and speaks for it. */
  | { readonly s: 'duplicate'; readonly songId: string; readonly of: string };

/** Grows when files taken in before should be looked at again. */
const INGEST_VERSION = 1;

/** @throws RefusedError when the file is at fault; any other error means that the service is. */
export async function ingestSong(
  source: SongSource,
  deps: IngestDeps,
  signal?: AbortSignal,
): Promise<IngestedSong> {
  const { path, sent } = source;
  const beside = source.description ? {} : await reading(() => filesBeside(path));
  const state = sent?.state ?? (await reading(() => fileState(source, beside)));
  const unchanged = await unchangedSong(sent?.path ?? path, state, deps.tables);
  if (unchanged) return unchanged;

  const probed = await reading(async () => probe(path));
  const songId = await createCatalogIds(deps.tables, deps.ids).song(probed.identity);
  return songsInTurn.run(songId, () => publish(probed, songId, { source, beside, state }, deps, signal));
}

/** Copies in one folder meet two workers at the same moment: the second then finds the first as its owner. */
const songsInTurn = new InTurn();

async function publish(
  probed: Probed,
  songId: string,
  { source, beside, state }: { source: SongSource; beside: Beside; state: string },
  deps: IngestDeps,
  signal?: AbortSignal,
): Promise<IngestedSong> {
  const path = source.sent?.path ?? source.path;
  const owner = await otherOwner(songId, source, deps);
  if (owner !== undefined) return { s: 'duplicate', songId, of: owner };

  const description = source.description ?? (await reading(() => describeFile(source.path, beside)));
  const { track, cpuMs } = await packaged(songId, probed, deps, signal);
  await sweepEncodings(track, deps.objects);
  const coverId = description.cover && (await storeCover(description.cover, deps.objects));
  const release = await releaseOf(
    {
      songId,
      durationMs: track.durationMs,
      hasPreview: track.preview !== undefined,
      rungs: track.renditions.map(({ rung }) => rung),
      ...(track.loudness && { loudness: track.loudness }),
      ...(coverId && { coverId }),
    },
    description,
    createCatalogIds(deps.tables, deps.ids),
  );
  await publishing(() => deps.catalog.release(release));
  await deps.tables.owners.put(songId, [], { path });
  await deps.tables.files.put(digestOf(path), [], { state, songId });
  return { s: 'released', songId, encoded: cpuMs > 0, cpuMs, durationMs: track.durationMs };
}

async function packaged(
  songId: string,
  probed: Probed,
  deps: IngestDeps,
  signal?: AbortSignal,
): Promise<{ track: PackagedTrack; cpuMs: number }> {
  const stored = await packagedTrack(songId, deps.objects);
  if (stored) return { track: stored, cpuMs: 0 };
  await using folder = await makeWorkFolder(deps.tempFolder);
  return await withRoom(folder.path, async () => {
    const transcoded = await transcode(probed, deps.ffmpeg, folder.path, signal && { signal });
    const track = await storePackage(
      songId,
      transcoded,
      probed.durationMs || undefined,
      deps.objects,
      deps.ids.next(),
    );
    return { track, cpuMs: transcoded.cpuMs };
  });
}

/** The song that a file was taken in as, when neither it nor what lies beside it has changed since. */
export async function unchangedSong(
  path: string,
  state: string,
  tables: IngestTables,
): Promise<Extract<IngestedSong, { s: 'unchanged' }> | undefined> {
  const remembered = await tables.files.get(digestOf(path), []);
  return remembered?.state === state ? { s: 'unchanged', songId: remembered.songId } : undefined;
}

/** Changes when the file, what lies beside it, or the given description does. */
export async function fileState({ path, description }: SongSource, beside: Beside): Promise<string> {
  return digestOf(
    String(INGEST_VERSION),
    stateOf(await lstat(path)),
    beside.lyrics?.state ?? '',
    beside.cover?.state ?? '',
    description ? JSON.stringify(description) : '',
  );
}

/** The path of another file that holds the song, if it is still there; one that moved away gives it up. */
async function otherOwner(
  songId: string,
  { path, sent }: SongSource,
  { tables }: IngestDeps,
): Promise<string | undefined> {
  const owner = await tables.owners.get(songId, []);
  if (!owner || owner.path === (sent?.path ?? path) || owner.path === sent?.insteadOf) return undefined;
  // Only the machine that sent the file can look.
  if (sent) return owner.path;
  try {
    await lstat(owner.path);
    return owner.path;
  } catch {
    return undefined;
  }
}

const UNREADABLE_ERRNOS = ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EIO', 'ELOOP'];

/** Runs a step that only reads the person's files: what the file system refuses there is about the file. */
export async function reading<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? '';
    if (!(error instanceof AntiphonError) && UNREADABLE_ERRNOS.includes(errno)) {
      throw new RefusedError('UNREADABLE', errno);
    }
    throw error;
  }
}

/** A release that the catalogue finds wrong is one song's fault; a catalogue that is away is not. */
async function publishing(step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof AntiphonError && error.status < 500 && !error.retryable) {
      throw new RefusedError('NOT_ACCEPTED', error.message);
    }
    throw error;
  }
}
