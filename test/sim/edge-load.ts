/**
 * A day of listening at two edges, each an LRU over a few per cent of the catalogue's bytes, on a virtual clock.
 *
 * Popularity is Zipf. A part of each region's taste is its own. Sessions play an album in order, or picks of
 * their own; some skip, some leave. Albums are released at set hours and are asked for at once; some songs out of
 * the tail rise, first in one region, an hour later in the other. What the load asks for depends on the seed
 * alone, never on what the caches hold, so that with and without warming are the same day.
 */
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  SECOND_MS,
  SEGMENT_TARGET_MS,
  WARM_EVERY_MS,
  WARM_START_SEGMENTS,
} from '../../config/limits.ts';
import { type SeededRandom, seededRandom } from '../../kit/sim/random.ts';
import type { Reason } from '../../media/warming/contract.ts';
import { createForecast, type DueRelease, type Planned } from '../../media/warming/domain.ts';

export interface LoadOptions {
  readonly seed: number;
  readonly songs: number;
  readonly zipf: number;
  /** Sessions begun in each region in an hour. */
  readonly sessionsPerHour: number;
  readonly hours: number;
  /** The first hours only fill the caches and are not measured. */
  readonly unmeasuredHours: number;
  /** Of the catalogue's bytes at the likeliest rung, for each edge. */
  readonly cacheShare: number;
  /** Reasons that warming may have; undefined: no warming. */
  readonly warming?: readonly Reason[];
  readonly bytesPerMin: number;
}

export interface LoadReport {
  readonly plays: number;
  /** First segments that the edge did not hold when a play began. */
  readonly startMisses: number;
  readonly listenerBytes: number;
  /** What listeners asked for that the edge did not hold. */
  readonly missedBytes: number;
  /** Fetched for warming that the edge did not hold: origin load as well. */
  readonly warmingBytes: number;
  readonly warmed: Readonly<Record<Reason, number>>;
  readonly played: Readonly<Record<Reason, number>>;
  readonly residentMs: number;
  /** Start misses of songs in their first hour, and of songs that rise. */
  readonly releaseStarts: { readonly plays: number; readonly misses: number };
  readonly risingStarts: { readonly plays: number; readonly misses: number };
}

const REGIONS = [
  { region: 'north', countries: ['DE'] },
  { region: 'south', countries: ['BR'] },
];
const ALBUM_SONGS = 10;
/** Of the ranks, how many are a region's own order. */
const OWN_TASTE = 0.4;
const LIST_CHANCE = 0.6;
const SKIP_CHANCE = 0.15;
const LEAVE_CHANCE = 0.1;
const PICKS_MEAN = 5;
const RUNG_SHARES = [
  [160, 0.75],
  [320, 0.18],
  [96, 0.07],
] as const;
const RELEASES_PER_DAY = 40;
/** Of the sessions in the hour after a release, those that come for one. */
const RELEASE_CHANCE = 0.08;
const RISING_SONGS = 30;
const RISING_CHANCE = 0.06;
const RISING_MS = 3 * HOUR_MS;
const RISING_LATER_ELSEWHERE_MS = HOUR_MS;

const NONE = -1;

/** An LRU by bytes over parts that are numbered from 0: a ring through arrays, the newest first. */
class Lru {
  readonly #bytesMax: number;
  /** Of each part held; 0 for those that are not. */
  readonly #sizes: Int32Array;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #newest = NONE;
  #oldest = NONE;
  #bytes = 0;

  constructor(parts: number, bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#sizes = new Int32Array(parts);
    this.#newer = new Int32Array(parts).fill(NONE);
    this.#older = new Int32Array(parts).fill(NONE);
  }

  /** Whether it was there; it is now. */
  ask(part: number, bytes: number): boolean {
    const held = this.#sizes[part] !== 0;
    if (held) this.#unlink(part);
    this.#sizes[part] = bytes;
    this.#bytes += bytes;
    this.#older[part] = this.#newest;
    if (this.#newest === NONE) this.#oldest = part;
    else this.#newer[this.#newest] = part;
    this.#newest = part;
    while (this.#bytes > this.#bytesMax) this.#unlink(this.#oldest);
    return held;
  }

  #unlink(part: number): void {
    const newer = this.#newer[part] as number;
    const older = this.#older[part] as number;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    this.#newer[part] = NONE;
    this.#older[part] = NONE;
    this.#bytes -= this.#sizes[part] as number;
    this.#sizes[part] = 0;
  }
}

interface Session {
  readonly id: string;
  readonly region: number;
  readonly list: readonly number[];
  readonly isList: boolean;
  at: number;
}

/** What is to happen, by the tick in which it does. */
type Agenda = Map<number, Session[]>;

export const songIdOf = (song: number): string => String(song).padStart(22, '0');

/** Draws a rank from 0 with probability ~ 1 / (rank + 1)^s, by bisection in the running sum. */
function zipfOver(count: number, s: number): (random: SeededRandom) => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) sums[rank] = sum += (rank + 1) ** -s;
  return (random) => {
    const wanted = random.next() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function shuffled(count: number, random: SeededRandom): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

export function runLoad(options: LoadOptions): LoadReport {
  const { seed, songs, hours, warming } = options;
  const random = seededRandom(seed);
  const byRank = zipfOver(songs, options.zipf);
  const common = shuffled(songs / ALBUM_SONGS, random);
  const own = REGIONS.map(() => shuffled(songs / ALBUM_SONGS, random));
  const durationsMs = Float64Array.from({ length: songs }, () => (120 + random.below(180)) * SECOND_MS);

  // Releases are the last albums of the catalogue: nobody knows them before their hour.
  const days = Math.ceil((hours * HOUR_MS) / DAY_MS);
  const releasedSongs = RELEASES_PER_DAY * days * ALBUM_SONGS;
  const known = songs - releasedSongs;
  const releaseMs = (song: number): number => {
    const album = Math.floor((song - known) / ALBUM_SONGS);
    const day = Math.floor(album / RELEASES_PER_DAY);
    return day * DAY_MS + (6 + (album % 4) * 4) * HOUR_MS;
  };
  const rising = Array.from({ length: RISING_SONGS }, (_, i) => ({
    song: random.below(known),
    fromMs: (options.unmeasuredHours / 2 + ((hours - 4) * i) / RISING_SONGS) * HOUR_MS,
    first: i % REGIONS.length,
  }));
  const risingSongs = new Set(rising.map(({ song }) => song));

  const taste = (region: number): number => {
    const rank = byRank(random);
    const albums = random.chance(OWN_TASTE) ? (own[region] as Int32Array) : common;
    // The songs of an album are about equally liked.
    const song = (albums[Math.floor(rank / ALBUM_SONGS)] as number) * ALBUM_SONGS + (rank % ALBUM_SONGS);
    return song < known ? song : song % known;
  };
  const albumOf = (song: number): number[] => {
    const first = song - (song % ALBUM_SONGS);
    return Array.from({ length: ALBUM_SONGS }, (_, i) => first + i);
  };

  let sessionCount = 0;
  function newSession(region: number, nowMs: number): Session {
    const id = `s${sessionCount++}`;
    if (random.chance(RELEASE_CHANCE)) {
      const fresh = [];
      for (let song = known; song < songs; song += ALBUM_SONGS) {
        if (releaseMs(song) <= nowMs && nowMs < releaseMs(song) + HOUR_MS) fresh.push(song);
      }
      // A few of a day's releases are what most come for.
      if (fresh.length > 0) {
        const song = fresh[Math.floor(fresh.length * random.next() ** 2)] as number;
        return { id, region, list: albumOf(song), isList: true, at: 0 };
      }
    }
    if (random.chance(RISING_CHANCE)) {
      const now = rising.filter(({ fromMs, first }) => {
        const beganMs = fromMs + (first === region ? 0 : RISING_LATER_ELSEWHERE_MS);
        // Ever more likely until it is at its height.
        return (
          beganMs <= nowMs && nowMs - beganMs < RISING_MS && random.chance((nowMs - beganMs) / RISING_MS)
        );
      });
      if (now.length > 0) return { id, region, list: [random.pick(now).song], isList: false, at: 0 };
    }
    const song = taste(region);
    if (random.chance(LIST_CHANCE)) {
      const list = albumOf(song);
      return { id, region, list: list.slice(list.indexOf(song) % 3), isList: true, at: 0 };
    }
    const picks = 1 + random.below(PICKS_MEAN * 2);
    return { id, region, list: Array.from({ length: picks }, () => taste(region)), isList: false, at: 0 };
  }

  const rungOf = (): number => {
    let left = random.next();
    for (const [rung, share] of RUNG_SHARES) {
      left -= share;
      if (left < 0) return rung;
    }
    return RUNG_SHARES[0][0];
  };
  const bytesFor = (rung: number, ms: number): number => Math.round((rung * 1000 * ms) / SECOND_MS / 8);
  const startMs = WARM_START_SEGMENTS * SEGMENT_TARGET_MS;
  const partOf = (song: number, rung: number, rest: boolean): number =>
    (song * 4 + RUNG_SHARES.findIndex(([known]) => known === rung)) * 2 + Number(rest);

  const meanMs = durationsMs.reduce((sum, ms) => sum + ms, 0) / songs;
  const cacheBytes = songs * bytesFor(160, meanMs) * options.cacheShare;
  const caches = REGIONS.map(() => new Lru(songs * 8, cacheBytes));
  const forecast = createForecast(REGIONS);
  const warmed: Record<Reason, number> = { release: 0, next: 0, rising: 0, taste: 0 };
  const played: Record<Reason, number> = { release: 0, next: 0, rising: 0, taste: 0 };
  const unplayed = REGIONS.map(() => new Map<number, Reason>());
  const totals = { plays: 0, startMisses: 0, listenerBytes: 0, missedBytes: 0, warmingBytes: 0 };
  const releaseStarts = { plays: 0, misses: 0 };
  const risingStarts = { plays: 0, misses: 0 };

  function play(session: Session, nowMs: number, measured: boolean): number {
    const { region, list } = session;
    const song = list[session.at] as number;
    const rung = rungOf();
    const skipped = random.chance(SKIP_CHANCE);
    const durationMs = durationsMs[song] as number;
    const cache = caches[region] as Lru;
    const startBytes = bytesFor(rung, startMs);
    const restBytes = skipped ? 0 : bytesFor(rung, durationMs - startMs);
    const startHeld = cache.ask(partOf(song, rung, false), startBytes);
    const restHeld = skipped || cache.ask(partOf(song, rung, true), restBytes);
    if (measured) {
      totals.plays++;
      totals.listenerBytes += startBytes + restBytes;
      totals.missedBytes += (startHeld ? 0 : startBytes) + (restHeld ? 0 : restBytes);
      if (!startHeld) totals.startMisses++;
      const kind = song >= known ? releaseStarts : risingSongs.has(song) ? risingStarts : undefined;
      if (kind) {
        kind.plays++;
        if (!startHeld) kind.misses++;
      }
    }
    if (warming) tellOf(session, song, nowMs, measured);
    return skipped ? startMs : durationMs;
  }

  function tellOf(
    { id, region, list, isList, at }: Session,
    song: number,
    nowMs: number,
    measured: boolean,
  ): void {
    if (at === 0) {
      const songIds = (isList ? list : list.slice(0, 1)).map(songIdOf);
      forecast.observe({ type: 'hinted', sessionId: id, hint: { type: 'contextSet', songIds } });
    }
    const country = REGIONS[region]?.countries[0] as string;
    forecast.observe({ type: 'played', songId: songIdOf(song), sessionId: id, country, atMs: nowMs });
    const reason = unplayed[region]?.get(song);
    if (!reason) return;
    unplayed[region]?.delete(song);
    if (measured) played[reason]++;
  }

  function warm(item: Planned, measured: boolean): void {
    const region = REGIONS.findIndex((each) => each.region === item.region);
    const cache = caches[region] as Lru;
    const song = Number(item.songId);
    let held = true;
    for (const [i, rung] of item.rungs.entries()) {
      const parts: [boolean, number][] = [[false, startMs]];
      if (item.firstSegments > WARM_START_SEGMENTS)
        parts.push([true, (durationsMs[song] as number) - startMs]);
      for (const [rest, ms] of parts) {
        const bytes = bytesFor(rung, ms);
        const isHeld = cache.ask(partOf(song, rung, rest), bytes);
        if (i === 0 && !rest) held = isHeld;
        if (!isHeld && measured) totals.warmingBytes += bytes;
      }
    }
    forecast.observe({ type: 'fetched', item, held });
    unplayed[region]?.set(song, item.reason);
    if (measured) warmed[item.reason]++;
  }

  const upcoming: DueRelease[] = Array.from({ length: releasedSongs }, (_, i) => ({
    songId: songIdOf(known + i),
    countries: [],
    fromMs: releaseMs(known + i),
  }));
  const agenda: Agenda = new Map();
  const perTick = (options.sessionsPerHour * WARM_EVERY_MS) / HOUR_MS;
  const budgets = REGIONS.map(({ region }) => ({
    region,
    bytes: (options.bytesPerMin * WARM_EVERY_MS) / MINUTE_MS,
    songsMax: Number.MAX_SAFE_INTEGER,
  }));
  const ticks = (hours * HOUR_MS) / WARM_EVERY_MS;
  for (let tick = 0; tick < ticks; tick++) {
    const nowMs = tick * WARM_EVERY_MS;
    const measured = nowMs >= options.unmeasuredHours * HOUR_MS;
    if (warming) {
      const due = upcoming.filter(({ fromMs }) => Math.abs(fromMs - nowMs) <= HOUR_MS);
      for (const item of forecast.plan(nowMs, budgets, due, warming)) warm(item, measured);
    }
    const sounding = agenda.get(tick) ?? [];
    agenda.delete(tick);
    for (let region = 0; region < REGIONS.length; region++) {
      const begun = Math.floor(perTick) + Number(random.chance(perTick % 1));
      for (let i = 0; i < begun; i++) sounding.push(newSession(region, nowMs));
    }
    for (const session of sounding) {
      const heardMs = play(session, nowMs, measured);
      session.at++;
      if (session.at >= session.list.length || random.chance(LEAVE_CHANCE)) continue;
      const nextTick = tick + Math.max(1, Math.round(heardMs / WARM_EVERY_MS));
      const then = agenda.get(nextTick);
      if (then) then.push(session);
      else agenda.set(nextTick, [session]);
    }
  }
  return {
    ...totals,
    warmed,
    played,
    releaseStarts,
    risingStarts,
    residentMs: forecast.residentMs('north'),
  };
}
