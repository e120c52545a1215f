/**
 * Which songs an edge should hold before they are asked for, and why. Pure: it is told what happens and when,
 * and remembers a bounded part of it.
 *
 * What an edge holds is not known, only guessed: a song that was asked for stays for about as long as the
 * cache takes to turn over (the characteristic time of an LRU: Che, Tung, Wang 2002). That time is learned from
 * what our own fetches met.
 */

import type { Rung } from '../../actors/catalog/contract.ts';
import type { SessionHint } from '../../actors/player-session/contract.ts';
import {
  SECOND_MS,
  SEGMENT_TARGET_MS,
  WARM_FAST_HALF_LIFE_MS,
  WARM_HORIZON_MS,
  WARM_NEXT_MAX,
  WARM_NEXT_TTL_MS,
  WARM_RELEASE_AFTER_MS,
  WARM_RELEASE_LEAD_MS,
  WARM_RESIDENT_MS,
  WARM_RESIDENT_MS_MAX,
  WARM_RESIDENT_MS_MIN,
  WARM_RISING_GROWTH_MIN,
  WARM_RISING_PLAYS_MIN,
  WARM_SLOW_HALF_LIFE_MS,
  WARM_SONG_MS_TYPICAL,
  WARM_SONGS_COUNTED_MAX,
  WARM_START_SEGMENTS,
  WARM_TASTE_PLAYS_MIN,
  WARM_TOUCHED_MAX,
  WARM_TRENDS_EVERY_MS,
  WARM_WHOLE_PLAYS_MIN,
} from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import { REASONS, type Reason } from './contract.ts';
import { type Count, FadingCounts } from './counts.ts';
import { UpNext } from './up-next.ts';

export interface Region {
  readonly region: string;
  /** ISO 3166-1 alpha-2; empty: all that no other region names. */
  readonly countries: readonly string[];
}

export interface DueRelease {
  readonly songId: string;
  /** Empty: everywhere. */
  readonly countries: readonly string[];
  readonly fromMs: number;
}

export type Observed =
  | {
      readonly type: 'played';
      readonly songId: string;
      readonly sessionId: string;
      readonly country: string;
      readonly atMs: number;
    }
  | { readonly type: 'hinted'; readonly sessionId: string; readonly hint: SessionHint }
  /** What a fetch of ours met: whether the edge held the song's start already. */
  | { readonly type: 'fetched'; readonly item: Planned; readonly held: boolean }
  | { readonly type: 'failed'; readonly item: Planned };

/** One song to be fetched through one edge. */
export interface Planned {
  readonly songId: string;
  readonly region: string;
  readonly reason: Reason;
  /** kbit/s, the likeliest first. */
  readonly rungs: readonly Rung[];
  /** How many from the first on; Infinity for the whole song. */
  readonly firstSegments: number;
  /** Plays expected within the horizon. */
  readonly expectedPlays: number;
  readonly atMs: number;
  /** How long ago the edge was last asked for the song, as far as is remembered. */
  readonly ageMs?: number;
}

export interface Budget {
  readonly region: string;
  readonly bytes: number;
  readonly songsMax: number;
}

export const RUNGS_LIKELY: readonly Rung[] = [160];
export const RUNGS_OF_THE_HOTTEST: readonly Rung[] = [160, 320, 96];

/** A listener who is in a list goes on with it in about seven of ten cases; a second song in half of them. */
const NEXT_CHANCES = [0.7, 0.5] as const;
/** A release is not played before its hour, so nothing is known of it; it comes before what is merely rising. */
const RELEASE_PLAYS_ASSUMED = 5;
/** What rises in one region is taken up in another later, or not at all. */
const ELSEWHERE_WEIGHT = 0.25;
/** Songs this close to the age at which they should be gone are fetched again, which tells whether they are. */
const RESIDENT_PROBED_FROM = 0.8;
const RESIDENT_LEARNED = 1.05;

interface Candidate {
  readonly songId: string;
  readonly reason: Reason;
  readonly expectedPlays: number;
  readonly whole: boolean;
}

interface RegionState extends Region {
  readonly counts: FadingCounts;
  /** When the edge was last asked for a song's start, by listeners or by us. */
  readonly touched: BoundedMap<string, number>;
  /** Songs fetched whole, and when. */
  readonly whole: BoundedMap<string, number>;
  readonly next: BoundedMap<string, { readonly chance: number; readonly atMs: number }>;
  residentMs: number;
  rising: Count[];
  taste: Count[];
}

export const bytesOf = ({ rungs, firstSegments }: Pick<Planned, 'rungs' | 'firstSegments'>): number => {
  const ms = Math.min(firstSegments * SEGMENT_TARGET_MS, WARM_SONG_MS_TYPICAL);
  return rungs.reduce((sum, rung) => sum + (rung * 1000 * ms) / SECOND_MS / 8, 0);
};

export type Forecast = ReturnType<typeof createForecast>;

export function createForecast(regions: readonly Region[]) {
  const halves = { fastHalfLifeMs: WARM_FAST_HALF_LIFE_MS, slowHalfLifeMs: WARM_SLOW_HALF_LIFE_MS };
  const states = new Map<string, RegionState>(
    regions.map((region) => [
      region.region,
      {
        ...region,
        counts: new FadingCounts(WARM_SONGS_COUNTED_MAX, halves),
        touched: new BoundedMap(WARM_TOUCHED_MAX),
        whole: new BoundedMap(WARM_TOUCHED_MAX),
        next: new BoundedMap(WARM_NEXT_MAX),
        residentMs: WARM_RESIDENT_MS,
        rising: [],
        taste: [],
      },
    ]),
  );
  const upNext = new UpNext();
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  const regionOf = (country: string): RegionState | undefined => {
    let elsewhere: RegionState | undefined;
    for (const state of states.values()) {
      if (state.countries.includes(country)) return state;
      if (state.countries.length === 0) elsewhere = state;
    }
    return elsewhere;
  };

  /** As far as can be told. */
  const isHeld = ({ touched, residentMs }: RegionState, songId: string, nowMs: number): boolean =>
    (touched.get(songId) ?? Number.NEGATIVE_INFINITY) > nowMs - residentMs * RESIDENT_PROBED_FROM;

  const concerns = (release: DueRelease, { countries, region }: RegionState): boolean =>
    release.countries.length === 0 ||
    release.countries.some((country) =>
      countries.length > 0 ? countries.includes(country) : regionOf(country)?.region === region,
    );

  function played({ songId, sessionId, country, atMs }: Extract<Observed, { type: 'played' }>): void {
    const following = upNext.after(sessionId, songId);
    const state = regionOf(country);
    if (!state) return;
    state.counts.add(songId, atMs);
    state.touched.set(songId, atMs);
    state.next.delete(songId);
    for (const [i, next] of following.entries()) {
      if (!isHeld(state, next, atMs)) state.next.set(next, { chance: NEXT_CHANCES[i] ?? 0, atMs });
    }
  }

  /** An LRU that kept a song for longer than we believed turns over more slowly, and the other way round. */
  function learn({ region, ageMs }: Planned, held: boolean): void {
    const state = states.get(region);
    if (!state || ageMs === undefined) return;
    const { residentMs } = state;
    if (held && ageMs >= residentMs)
      state.residentMs = Math.min(WARM_RESIDENT_MS_MAX, residentMs * RESIDENT_LEARNED);
    if (!held && ageMs < residentMs)
      state.residentMs = Math.max(WARM_RESIDENT_MS_MIN, residentMs / RESIDENT_LEARNED);
  }

  function forget({ region, songId }: Planned): void {
    const state = states.get(region);
    state?.touched.delete(songId);
    state?.whole.delete(songId);
  }

  function* releasesFor(state: RegionState, due: readonly DueRelease[], nowMs: number): Generator<Candidate> {
    for (const release of due) {
      const isDue =
        release.fromMs - WARM_RELEASE_LEAD_MS <= nowMs && nowMs < release.fromMs + WARM_RELEASE_AFTER_MS;
      if (!isDue || !concerns(release, state)) continue;
      yield { songId: release.songId, reason: 'release', expectedPlays: RELEASE_PLAYS_ASSUMED, whole: false };
    }
  }

  function* nextFor({ next }: RegionState, nowMs: number): Generator<Candidate> {
    for (const [songId, { chance, atMs }] of next) {
      if (nowMs - atMs > WARM_NEXT_TTL_MS) next.delete(songId);
      else yield { songId, reason: 'next', expectedPlays: chance, whole: false };
    }
  }

  /** Looking through all counts is dear, and what they say changes slowly. */
  function lookAgain(nowMs: number): void {
    if (nowMs - lookedAtMs < WARM_TRENDS_EVERY_MS) return;
    lookedAtMs = nowMs;
    for (const state of states.values()) {
      const { counts, residentMs } = state;
      const total = counts.total(nowMs);
      // Played once or more while the edge keeps it: a song that would mostly be there.
      const slowMin = (WARM_TASTE_PLAYS_MIN * WARM_SLOW_HALF_LIFE_MS) / (Math.LN2 * residentMs);
      state.rising = [];
      state.taste = [];
      for (const count of counts.atLeast(WARM_RISING_PLAYS_MIN, slowMin, nowMs)) {
        const growth = (count.fast * total.slow) / (count.slow * total.fast);
        if (count.fast >= WARM_RISING_PLAYS_MIN && growth >= WARM_RISING_GROWTH_MIN) state.rising.push(count);
        const isGoneSoon = !isHeld(state, count.songId, nowMs + WARM_TRENDS_EVERY_MS);
        if (count.slow >= slowMin && isGoneSoon) state.taste.push(count);
      }
    }
  }

  /** Songs whose share of all plays grows, wherever that is. */
  function* risingFor(state: RegionState): Generator<Candidate> {
    for (const other of states.values()) {
      const weight = other === state ? 1 : ELSEWHERE_WEIGHT;
      for (const { songId, fast } of other.rising) {
        const expectedPlays = weight * perHorizon(fast, WARM_FAST_HALF_LIFE_MS);
        yield { songId, reason: 'rising', expectedPlays, whole: expectedPlays >= WARM_WHOLE_PLAYS_MIN };
      }
    }
  }

  /** Songs that this region likes, to be fetched again when they should be gone from its edge. */
  function* tasteFor({ taste }: RegionState): Generator<Candidate> {
    for (const { songId, slow } of taste) {
      const expectedPlays = perHorizon(slow, WARM_SLOW_HALF_LIFE_MS);
      yield { songId, reason: 'taste', expectedPlays, whole: false };
    }
  }

  /** Undefined when the edge is taken to hold it. */
  function itemOf(state: RegionState, candidate: Candidate, nowMs: number): Planned | undefined {
    const { songId, reason, expectedPlays } = candidate;
    const touchedMs = state.touched.get(songId);
    const goneMs = nowMs - state.residentMs * RESIDENT_PROBED_FROM;
    const whole = candidate.whole && (state.whole.get(songId) ?? Number.NEGATIVE_INFINITY) < goneMs;
    if (!whole && isHeld(state, songId, nowMs)) return undefined;
    return {
      songId,
      region: state.region,
      reason,
      rungs: whole ? RUNGS_OF_THE_HOTTEST : RUNGS_LIKELY,
      firstSegments: whole ? Number.POSITIVE_INFINITY : WARM_START_SEGMENTS,
      expectedPlays,
      atMs: nowMs,
      ...(touchedMs !== undefined && { ageMs: nowMs - touchedMs }),
    };
  }

  function planFor(
    state: RegionState,
    candidates: Iterable<Candidate>,
    { bytes, songsMax }: Budget,
    nowMs: number,
  ): Planned[] {
    const best = new Map<string, Planned>();
    for (const candidate of candidates) {
      const item = itemOf(state, candidate, nowMs);
      const other = item && best.get(item.songId);
      if (item && (!other || rankOf(item) > rankOf(other))) best.set(item.songId, item);
    }
    const planned: Planned[] = [];
    let left = bytes;
    for (const item of [...best.values()].sort((a, b) => rankOf(b) - rankOf(a))) {
      if (planned.length >= songsMax) break;
      const cost = bytesOf(item);
      if (cost > left) continue;
      left -= cost;
      planned.push(item);
      state.touched.set(item.songId, nowMs);
      state.next.delete(item.songId);
      if (item.firstSegments === Number.POSITIVE_INFINITY) state.whole.set(item.songId, nowMs);
    }
    return planned;
  }

  return {
    observe(observed: Observed): void {
      switch (observed.type) {
        case 'played':
          played(observed);
          break;
        case 'hinted':
          upNext.hint(observed.sessionId, observed.hint);
          break;
        case 'fetched':
          learn(observed.item, observed.held);
          break;
        case 'failed':
          forget(observed.item);
          break;
      }
    },
    /** What to fetch now, the most useful first; it is taken to be fetched until `failed` is observed. */
    plan(
      nowMs: number,
      budgets: readonly Budget[],
      due: readonly DueRelease[],
      reasons: readonly Reason[] = REASONS,
    ): Planned[] {
      lookAgain(nowMs);
      return budgets.flatMap((budget) => {
        const state = states.get(budget.region);
        if (!state) return [];
        const candidates = function* () {
          if (reasons.includes('release')) yield* releasesFor(state, due, nowMs);
          if (reasons.includes('next')) yield* nextFor(state, nowMs);
          if (reasons.includes('rising')) yield* risingFor(state);
          if (reasons.includes('taste')) yield* tasteFor(state);
        };
        return planFor(state, candidates(), budget, nowMs);
      });
    },
    regionOf: (country: string): string | undefined => regionOf(country)?.region,
    /** How long this region's edge is taken to keep a song that nobody asks for. */
    residentMs: (region: string): number => states.get(region)?.residentMs ?? 0,
  };
}

/** A count that halves every `halfLifeMs` is, at a steady pace, `halfLifeMs / ln 2` worth of plays. */
const perHorizon = (count: number, halfLifeMs: number): number =>
  (count * Math.LN2 * WARM_HORIZON_MS) / halfLifeMs;

/** Plays expected for each byte. */
const rankOf = (item: Planned): number => item.expectedPlays / bytesOf(item);
