/** Files on their way from an importer to a worker: `incoming/<jobId>/{song,lyrics,cover}`. */
import { createReadStream, createWriteStream } from 'node:fs';
import { basename, extname, join, parse } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { INGEST_UPLOAD_AGE_MS_MAX } from '../../config/limits.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { Objects } from '../../kit/ports/objects.ts';
import { type Clock, idFrom } from '../../kit/sources.ts';
import type { Beside } from '../files/beside.ts';
import { RefusedError } from '../files/refusal.ts';
import { INGEST_STREAM, type IngestQueued, ingestSubject } from './contract.ts';
import { deleteAll } from './package.ts';

const FOLDER = 'incoming/';
const folderOf = (jobId: string): string => `${FOLDER}${jobId}/`;

/** What a job says of the files that were sent with it. */
export type Sent = Pick<IngestQueued, 'hasLyrics' | 'cover'>;

export async function sendFiles(
  jobId: string,
  path: string,
  beside: Beside,
  objects: Objects,
): Promise<Sent> {
  const send = (name: string, from: string) => objects.put(folderOf(jobId) + name, createReadStream(from));
  await send('song', path);
  if (beside.lyrics) await send('lyrics', beside.lyrics.path);
  if (beside.cover) await send('cover', beside.cover.path);
  return {
    hasLyrics: beside.lyrics !== undefined,
    ...(beside.cover && { cover: extname(beside.cover.path).slice(1).toLowerCase() }),
  };
}

/**
 * Lays a job's files into a folder, named and placed as where they came from. Resolves with the song's path.
 * @throws RefusedError `UPLOAD_LOST`
 */
export async function fetchFiles(
  { jobId, path, hasLyrics, cover }: IngestQueued,
  folder: string,
  objects: Objects,
): Promise<string> {
  const fetch = async (name: string, to: string): Promise<void> => {
    const content = await objects.stream(folderOf(jobId) + name);
    if (!content) throw new RefusedError('UPLOAD_LOST');
    await pipeline(content, createWriteStream(to));
  };
  const given = basename(path);
  const name = given === '' || given === '.' || given === '..' ? 'song' : given;
  const song = join(folder, name);
  await fetch('song', song);
  if (hasLyrics) await fetch('lyrics', join(folder, `${parse(name).name}.lrc`));
  if (cover !== undefined) await fetch('cover', join(folder, `cover.${cover}`));
  return song;
}

export const deleteFiles = (jobId: string, objects: Objects): Promise<void> =>
  deleteAll(folderOf(jobId), objects);

/** Removes what no job will fetch any more: its importer died before queueing it, or it has ended. */
export async function sweepIncoming({
  objects,
  journal,
  clock,
}: {
  readonly objects: Objects;
  readonly journal: Pick<Journal, 'read'>;
  readonly clock: Clock;
}): Promise<void> {
  // Ids are in order of time.
  const young = idFrom(clock.nowMs() - INGEST_UPLOAD_AGE_MS_MAX, new Uint8Array(10));
  for await (const key of objects.list(FOLDER)) {
    const jobId = key.split('/')[1] ?? '';
    if (jobId >= young) return;
    const [newest] = await journal.read(INGEST_STREAM, ingestSubject(jobId), 0, 1);
    const isWaiting = (newest?.data as { type?: unknown } | undefined)?.type === 'ingestQueued';
    if (!isWaiting) await objects.delete(key);
  }
}
