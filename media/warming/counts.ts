/**
 * Counts of plays that fade, in bounded memory, for the songs that are played most.
 *
 * Each song has a fast and a slow count, which halve at their own pace. When twice `songsMax` are held, those
 * with the smallest slow counts are let go (the way of Lossy Counting, Manku and Motwani 2002): a count is
 * never too high, and too low by at most what a song had when it was let go.
 */
export interface Halves {
  readonly fastHalfLifeMs: number;
  readonly slowHalfLifeMs: number;
}

export interface Count {
  readonly songId: string;
  readonly fast: number;
  readonly slow: number;
}

interface Fading {
  fast: number;
  slow: number;
  atMs: number;
}

export class FadingCounts {
  readonly #songs = new Map<string, Fading>();
  readonly #total: Fading = { fast: 0, slow: 0, atMs: 0 };
  readonly #songsMax: number;
  readonly #halves: Halves;

  constructor(songsMax: number, halves: Halves) {
    this.#songsMax = songsMax;
    this.#halves = halves;
  }

  add(songId: string, atMs: number): void {
    this.#count(this.#total, atMs);
    let song = this.#songs.get(songId);
    if (!song) {
      if (this.#songs.size >= this.#songsMax * 2) this.#cut(atMs);
      song = { fast: 0, slow: 0, atMs };
      this.#songs.set(songId, song);
    }
    this.#count(song, atMs);
  }

  get(songId: string, nowMs: number): Count {
    const song = this.#songs.get(songId);
    return { songId, ...(song ? this.#faded(song, nowMs) : { fast: 0, slow: 0 }) };
  }

  total(nowMs: number): Omit<Count, 'songId'> {
    return this.#faded(this.#total, nowMs);
  }

  /** Songs with at least `fastMin` in the fast count or `slowMin` in the slow one. */
  *atLeast(fastMin: number, slowMin: number, nowMs: number): Generator<Count> {
    for (const [songId, song] of this.#songs) {
      // Counts only fade: most songs need no second look.
      if (song.fast < fastMin && song.slow < slowMin) continue;
      const faded = this.#faded(song, nowMs);
      if (faded.fast >= fastMin || faded.slow >= slowMin) yield { songId, ...faded };
    }
  }

  #faded({ fast, slow, atMs }: Fading, nowMs: number): { fast: number; slow: number } {
    const passedMs = Math.max(0, nowMs - atMs);
    return {
      fast: fast * 2 ** (-passedMs / this.#halves.fastHalfLifeMs),
      slow: slow * 2 ** (-passedMs / this.#halves.slowHalfLifeMs),
    };
  }

  #count(into: Fading, atMs: number): void {
    const { fast, slow } = this.#faded(into, atMs);
    into.fast = fast + 1;
    into.slow = slow + 1;
    into.atMs = Math.max(into.atMs, atMs);
  }

  #cut(nowMs: number): void {
    const slowest = [...this.atLeast(0, 0, nowMs)].sort((a, b) => a.slow - b.slow);
    for (const { songId } of slowest.slice(0, -this.#songsMax)) this.#songs.delete(songId);
  }
}
