/**
 * Music for a service that has none yet: composed from a seed, rendered one track at a time, and taken in by
 * the same ingest as any music, so that each can be heard as soon as it is there.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DEMO_TRIES_MAX } from '../../config/limits.ts';
import type { SongDescription } from '../files/description.ts';
import { digestOf } from '../ingest/ids.ts';
import { type IngestDeps, ingestSong } from '../ingest/song.ts';
import { DEMO, type DemoEntry } from './albums/index.ts';
import { lyricsOf } from './perform.ts';
import { render } from './render.ts';

const SEED = 'antiphon';
/** Grows when the music changes: then it is made anew. */
const DEMO_VERSION = 1;

export interface DemoProgress {
  readonly title: string;
  /** Tracks that can be heard, of `total`. */
  readonly done: number;
  readonly total: number;
}

export interface DemoDeps extends IngestDeps {
  /** Asked before the first track is made: a catalogue with music in it gets no demo. */
  readonly catalogIsEmpty?: () => Promise<boolean>;
  readonly onProgress?: (progress: DemoProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes the tracks that are missing; resolves when all are there. One that was begun before and cut short is
 * completed, whatever else the catalogue holds by now.
 */
export async function ensureDemo(deps: DemoDeps): Promise<void> {
  const folder = join(deps.tempFolder, `demo-v${DEMO_VERSION}`);
  const isMissing = await Promise.all(
    DEMO.map(
      async ({ track }) => !(await deps.tables.files.get(digestOf(wavPathOf(folder, track.slug)), [])),
    ),
  );
  const missing = DEMO.filter((_, i) => isMissing[i]);
  if (missing.length === 0) return;
  // The folder stays until all tracks are there: the first one may have been released and not yet marked.
  const isBegun = missing.length < DEMO.length || existsSync(folder);
  if (!isBegun && deps.catalogIsEmpty && !(await deps.catalogIsEmpty())) return;

  await mkdir(folder, { recursive: true });
  let done = DEMO.length - missing.length;
  for await (const { entry, wavPath, description } of generateDemo(missing, folder, deps.signal)) {
    await persistently(() => ingestSong({ path: wavPath, description }, deps, deps.signal));
    done += 1;
    deps.onProgress?.({ title: `${entry.track.title} · ${entry.album.artist}`, done, total: DEMO.length });
  }
  await rm(folder, { recursive: true, force: true });
}

/** Taking a song in can be done again; a catalogue on another node may be late or away for a moment. */
async function persistently(step: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await step();
      return;
    } catch (error) {
      if (tries === DEMO_TRIES_MAX || !(error as { retryable?: boolean }).retryable) throw error;
    }
  }
}

export interface DemoSong {
  readonly entry: DemoEntry;
  /** 44.1 kHz, 16 bit; removed when the next song is asked for. */
  readonly wavPath: string;
  readonly description: SongDescription;
}

/** One at a time: the next is composed when it is asked for. */
export async function* generateDemo(
  entries: readonly DemoEntry[],
  folder: string,
  signal?: AbortSignal,
): AsyncGenerator<DemoSong> {
  for (const entry of entries) {
    const { slug } = entry.track;
    const wavPath = wavPathOf(folder, slug);
    const coverPath = join(folder, `${slug}.webp`);
    try {
      await render(slug, SEED, { wavPath, coverPath }, signal);
      yield { entry, wavPath, description: describe(entry, await readFile(coverPath)) };
    } finally {
      await Promise.all([wavPath, coverPath].map((path) => rm(path, { force: true })));
    }
  }
}

const wavPathOf = (folder: string, slug: string): string => join(folder, `${slug}.wav`);

/** `ZZ` stands for no country (ISO 3166 leaves it to users), so that no real recording has the code. */
const isrcOf = (year: number, number: number): string =>
  `ZZANT${String(year % 100).padStart(2, '0')}${String(number).padStart(5, '0')}`;

export function describe(
  { album, track, trackNumber, number }: DemoEntry,
  cover: Uint8Array,
): SongDescription {
  const releasedAtMs = Date.parse(`${album.releasedOn}T00:00:00Z`);
  const year = Number(album.releasedOn.slice(0, 4));
  const lines = lyricsOf(track, SEED);
  return {
    title: track.title,
    artists: [{ name: album.artist }],
    album: {
      title: album.title,
      artists: [{ name: album.artist }],
      type: album.type,
      label: album.label,
      releasedAtMs,
    },
    discNumber: 1,
    trackNumber,
    explicit: track.explicit ?? false,
    genres: track.genres,
    moods: track.moods,
    ...(track.language && { language: track.language }),
    year,
    isrc: isrcOf(year, number),
    credits: track.credits,
    rights: track.rights,
    artistAbout: { [album.artist]: album.about },
    ...(lines.length > 0 && {
      lyrics: { synced: true, ...(track.language && { language: track.language }), lines },
    }),
    cover,
  };
}
