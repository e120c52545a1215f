/**
 * A look through a folder: what lies on disk and what is known of it are two streams in the same order, and are
 * merged. What is unchanged costs a look at its size and times; what is gone falls out of the merge.
 */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LIBRARY_BATCH_SONGS, LIBRARY_LOOSE_MAX } from '../../config/limits.ts';
import { UnavailableError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import { filesBeside } from '../files/beside.ts';
import { RefusedError } from '../files/refusal.ts';
import { byBytes, type Found, type FoundFile, fileAt, walk } from '../files/walk.ts';
import { fileState } from '../ingest/song.ts';
import { albumArtistsOf, givenTo, looseOf } from './albums.ts';
import { createPublisher, type PublishDeps, type Publisher, type Read } from './publish.ts';
import { KnownFiles, knownPages } from './rows.ts';
import type { FileRow, Loose } from './tables.ts';
import { asRefusal, FileStates, type Taken, take } from './take.ts';
import type { Turn } from './turn.ts';

export interface ScanDeps extends PublishDeps {
  readonly clock: Clock;
  /** Reads a file. */
  readonly take?: typeof take;
}

export interface ScanOptions {
  readonly folderId: string;
  readonly turn: Turn;
  /** Absolute, with no link in it. */
  readonly root: string;
  /** Only what lies below this path of the folder; `''` for all of it. */
  readonly under?: string;
  /** Files that changed less than this ago are left for later: they may still be written. */
  readonly settleMs?: number;
  readonly onProgress?: (progress: ScanProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ScanProgress {
  readonly path: string;
  readonly done: number;
  readonly total: number;
  readonly refused: number;
}

export interface ScanResult {
  readonly total: number;
  readonly released: number;
  readonly unchanged: number;
  readonly copies: number;
  readonly refused: number;
  /** Songs that are hidden from now on. */
  readonly gone: number;
  /** Files that are left for later. */
  readonly unsettled: number;
}

/** The folder cannot be looked at; nothing is changed. */
export class FolderUnreadableError extends UnavailableError {}

export const scanFolder = (deps: ScanDeps, options: ScanOptions): Promise<ScanResult> =>
  new FolderScan(deps, options).run();

interface LooseFile {
  readonly found: FoundFile;
  readonly loose: Loose;
}

/** Songs of one folder whose albums have no artist yet. */
interface LooseSongs {
  held: Read[];
  readonly decided: LooseFile[];
}

type Known = Extract<FileRow, { readonly songId: string }>;
type KnownRow = FileRow | undefined;

class FolderScan {
  readonly #deps: ScanDeps;
  readonly #options: ScanOptions;
  readonly #publisher: Publisher;
  readonly #known: KnownFiles;
  readonly #states = new FileStates();
  readonly #counts = { done: 0, released: 0, unchanged: 0, copies: 0, refused: 0, gone: 0, unsettled: 0 };
  readonly #loose = new Map<string, LooseSongs>();
  readonly #gone: { readonly path: string; readonly row: Known }[] = [];
  /** Songs that have lost a file, whatever has become of it. */
  readonly #left = new Set<string>();
  #reads: Read[] = [];
  #publishing: Promise<void> = Promise.resolve();
  /** What could not be looked into is not gone. */
  #closed = '';
  #total = 0;

  constructor(deps: ScanDeps, options: ScanOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#publisher = createPublisher(deps);
    this.#known = new KnownFiles(knownPages(deps.tables, options.folderId, options.under ?? ''));
  }

  /** @throws FolderUnreadableError; the signal's reason; what the store and the catalogue fail with */
  async run(): Promise<ScanResult> {
    const { root, under = '', signal } = this.#options;
    const mount = mountOf(root);
    for (const { s } of walk(root, join(root, under))) if (s === 'file') this.#total += 1;
    await this.#known.fetch();
    if (this.#total === 0 && under === '' && this.#known.next) {
      throw new FolderUnreadableError(
        'FOLDER_EMPTY',
        `${root} is empty all of a sudden; is its disk connected?`,
      );
    }
    try {
      for (const found of walk(root, join(root, under))) {
        if (this.#counts.done % 32 === 0) await setImmediate();
        signal?.throwIfAborted();
        this.#options.turn.keep();
        if (found.s === 'left') await this.#closeFolder(found.path);
        else await this.#meet(found);
      }
      await this.#passOver(undefined);
      await this.#publish();
    } finally {
      // What is in work is finished, also when the rest is not.
      await this.#publishing;
    }
    if (mountOf(root) !== mount)
      throw new FolderUnreadableError('FOLDER_LEFT', `${root} went away meanwhile.`);
    await this.#settle();
    const { done: _done, ...counts } = this.#counts;
    return { total: this.#total, ...counts };
  }

  async #meet(found: Exclude<Found, { s: 'left' }>): Promise<void> {
    const { root } = this.#options;
    const isFolder =
      found.s === 'refused' && (found.refusal === 'UNREADABLE' || found.refusal === 'TOO_DEEP');
    const path = relative(root, found.path).split(sep).join('/') + (isFolder ? '/' : '');
    await this.#passOver(path);
    const row = this.#known.next?.path === path ? this.#known.next.row : undefined;
    if (row) this.#known.take();
    if (isFolder) this.#closed = path;
    if (found.s === 'refused') await this.#refuse(path, found.refusal, new RefusedError(found.refusal), row);
    else await this.#meetFile(found, path, row);
    this.#counts.done += 1;
    const { done, refused } = this.#counts;
    this.#options.onProgress?.({ path, done, total: Math.max(done, this.#total), refused });
  }

  async #meetFile(found: FoundFile, path: string, row: KnownRow): Promise<void> {
    const { clock } = this.#deps;
    let state = 'UNREADABLE';
    try {
      const now = this.#states.of(found);
      state = now.text;
      if (row && row.s !== 'gone' && row.state === state) return this.#unchanged(found, row);
      const { settleMs = 0 } = this.#options;
      if (Math.abs(clock.nowMs() - now.changedAtMs) < settleMs) {
        this.#counts.unsettled += 1;
        return;
      }
      await this.#taken(path, state, this.#take(found, state, this.#states), row);
    } catch (error) {
      const refusal = error instanceof RefusedError ? error : asRefusal(error);
      await this.#refuse(path, state, refusal, row);
    }
  }

  #take(found: FoundFile, state: string, states: FileStates): Taken {
    const read = this.#deps.take ?? take;
    return this.#options.turn.with(found.path, state, () => read(found, states));
  }

  #unchanged(found: FoundFile, row: FileRow): void {
    if (row.s === 'refused') {
      this.#counts.refused += 1;
      return;
    }
    this.#counts.unchanged += 1;
    if (row.loose) this.#looseIn(found.path).decided.push({ found, loose: row.loose });
  }

  async #taken(path: string, state: string, taken: Taken, row: KnownRow): Promise<void> {
    const { folderId } = this.#options;
    if (row?.s === 'refused') await this.#deps.tables.refusals.delete(folderId, [path]);
    const read: Read = {
      path,
      state,
      taken,
      ...(row && row.s !== 'refused' && row.s !== 'gone' && { before: row.songId }),
      importedState: async () => fileState({ path: taken.file.path }, await filesBeside(taken.file.path)),
    };
    if (!taken.isLoose) return this.#add(read);
    const loose = this.#looseIn(taken.file.path);
    loose.held.push(read);
    if (loose.held.length >= LIBRARY_LOOSE_MAX) await this.#decide(loose);
  }

  async #refuse(path: string, state: string, refusal: RefusedError, row: KnownRow): Promise<void> {
    const { tables } = this.#deps;
    const { folderId, root } = this.#options;
    this.#counts.refused += 1;
    if (row?.s === 'refused' && row.state === state) return;
    if (row && row.s !== 'refused') await this.#lose(row.songId, join(root, path));
    await tables.refusals.put(folderId, [path], { code: refusal.refusal, why: refusal.message });
    await tables.files.put(folderId, [path], { s: 'refused', state });
  }

  async #lose(songId: string, path: string): Promise<void> {
    await this.#publisher.removeFile(songId, path);
    this.#left.add(songId);
  }

  #looseIn(path: string): LooseSongs {
    const folder = path.slice(0, path.lastIndexOf(sep));
    const songs = this.#loose.get(folder) ?? { held: [], decided: [] };
    this.#loose.set(folder, songs);
    return songs;
  }

  /** All songs of the folder are known: those without an album artist can be told whose album they are on. */
  async #closeFolder(folder: string): Promise<void> {
    const songs = this.#loose.get(folder);
    this.#loose.delete(folder);
    if (!songs) return;
    const owners = await this.#decide(songs);
    for (const { found, loose } of songs.decided) {
      if (owners.get(loose.title) !== loose.albumArtist) await this.#decideAgain(found, owners);
    }
  }

  async #decide(songs: LooseSongs): Promise<Map<string, string>> {
    const held = songs.held.map((read) => ({ read, said: looseOf(read.taken.description) }));
    const owners = albumArtistsOf([
      ...held.map(({ said }) => said),
      ...songs.decided.map(({ loose }) => loose),
    ]);
    songs.held = [];
    for (const { read, said } of held) {
      const given = ownedBy(owners, read, said);
      const found = fileAt(read.taken.file.path);
      if (found) songs.decided.push({ found, loose: given.loose as Loose });
      await this.#add(given);
    }
    return owners;
  }

  /** A song beside it has come, gone or changed, so that the album is another's. */
  async #decideAgain(found: FoundFile, owners: ReadonlyMap<string, string>): Promise<void> {
    const path = relative(this.#options.root, found.path).split(sep).join('/');
    try {
      const state = this.#states.of(found).text;
      const taken = this.#take(found, state, this.#states);
      const read = { path, state, taken, importedState: async () => '' };
      await this.#add(ownedBy(owners, read, looseOf(taken.description)));
    } catch {
      // The next look tells what has become of it.
    }
  }

  async #add(read: Read): Promise<void> {
    this.#reads.push(read);
    if (this.#reads.length >= LIBRARY_BATCH_SONGS) await this.#publish();
  }

  /** One batch is published while the next one is read. */
  async #publish(): Promise<void> {
    await this.#publishing;
    const reads = this.#reads;
    this.#reads = [];
    this.#publishing = this.#published(reads);
    // Told to whoever waits for the next one.
    this.#publishing.catch(() => undefined);
    if (reads.length < LIBRARY_BATCH_SONGS) await this.#publishing;
  }

  async #published(reads: readonly Read[]): Promise<void> {
    const { folderId } = this.#options;
    const { released, copies, refused, left } = await this.#publisher.publish(folderId, reads);
    this.#counts.released += released;
    this.#counts.copies += copies;
    this.#counts.refused += refused.length;
    for (const songId of left) this.#left.add(songId);
    for (const { path, ...why } of refused) await this.#deps.tables.refusals.put(folderId, [path], why);
  }

  /** Known files before `path` that the disk did not show. */
  async #passOver(path: string | undefined): Promise<void> {
    for (;;) {
      if (this.#known.needsPage) await this.#known.fetch();
      const next = this.#known.next;
      if (!next || (path !== undefined && byBytes(next.path, path) >= 0)) return;
      this.#known.take();
      if (this.#closed !== '' && next.path.startsWith(this.#closed)) continue;
      const { row } = next;
      if (row.s === 'refused') await this.#forget(next.path);
      else if (row.s !== 'gone') this.#gone.push({ path: next.path, row });
    }
  }

  async #forget(path: string): Promise<void> {
    const { folderId } = this.#options;
    await this.#deps.tables.refusals.delete(folderId, [path]);
    await this.#deps.tables.files.delete(folderId, [path]);
  }

  /** Hides what has no file left, and serves from the next best file what has. */
  async #settle(): Promise<void> {
    const { tables } = this.#deps;
    const { folderId, root } = this.#options;
    const gone = this.#gone.filter(({ path }) => !isThere(join(root, path)));
    for (const { path, row } of gone) await this.#lose(row.songId, join(root, path));
    const hidden = new Set<string>();
    for (const songId of this.#left) if (await this.#isHidden(songId)) hidden.add(songId);
    for (const { path, row } of gone) {
      // What has moved is known under its new path.
      if (hidden.has(row.songId)) await tables.files.put(folderId, [path], { ...row, s: 'gone' });
      else await tables.files.delete(folderId, [path]);
    }
    this.#counts.gone = hidden.size;
  }

  async #isHidden(songId: string): Promise<boolean> {
    const { catalog, tables } = this.#deps;
    const best = await this.#publisher.bestOf(songId);
    if (!best) {
      await catalog.remove({ songId });
      return true;
    }
    const place = await this.#deps.placeOf(best.path);
    const row = place && (await tables.files.get(place.folderId, [place.path]));
    const found = row?.s === 'copy' ? fileAt(best.path) : undefined;
    if (!place || !found || !row) return false;
    try {
      const states = new FileStates();
      const state = states.of(found).text;
      const taken = this.#take(found, state, states);
      const read = { path: place.path, state, taken, importedState: async () => '' };
      await this.#publisher.publish(place.folderId, [read]);
    } catch {
      // The next look at its folder tells why.
    }
    return false;
  }
}

function ownedBy(
  owners: ReadonlyMap<string, string>,
  read: Read,
  said: Pick<Loose, 'title' | 'artists'>,
): Read {
  const albumArtist = owners.get(said.title) ?? '';
  const description = givenTo(albumArtist, read.taken.description);
  return { ...read, taken: { ...read.taken, description }, loose: { ...said, albumArtist } };
}

/** Tells one mount of a folder from another. @throws FolderUnreadableError */
function mountOf(root: string): string {
  try {
    readdirSync(root);
    const { dev, ino } = statSync(root);
    return `${dev}:${ino}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FolderUnreadableError(
      'FOLDER_UNREADABLE',
      `${root} cannot be read (${code}); connect its disk, or give this service the right to read it.`,
    );
  }
}

/** What cannot be looked at may well be there. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
