/** What a session knows of accounts and songs, asked for at most every half minute (SPEC PS42). */
import {
  ENTITLEMENT_CACHE_MAX,
  ENTITLEMENT_CACHE_MS,
  KNOWN_ANSWER_MS_MAX,
  KNOWN_ASKED_AGAIN_AFTER_MS,
  KNOWN_WHILE_AWAY_MS,
  SONG_FACTS_CACHE_MAX,
  SONG_FACTS_CACHE_MS,
  SONGS_ASKED_MAX,
} from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';
import { AntiphonError, NotFoundError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import type { PlayableSong } from '../catalog/contract.ts';
import type { SongFacts } from './commands.ts';
import { type Entitlement, reasonAgainst } from './entitlement.ts';
import type { Accounts, Catalog } from './ports.ts';

export interface KnownSong extends SongFacts {
  readonly rungs: PlayableSong['rungs'];
  /** Its best file can be had as it is. */
  readonly hasOriginal: boolean;
}

export interface Known {
  entitlement(userId: string): Promise<Entitlement>;
  /** Every song asked for is in the answer; those that do not exist with `against: 'unknown'`. */
  songs(songIds: Iterable<string>, entitlement: Entitlement): Promise<Map<string, KnownSong>>;
  /** Asks anew for this account the next time. */
  forget(userId: string): void;
  /** Refuses the account from now on, also while those who delete it may still answer. */
  bury(userId: string): void;
}

export function createKnown(deps: { accounts: Accounts; catalog: Catalog; clock: Clock }): Known {
  const { accounts, catalog, clock } = deps;
  const entitlements = new RecentMap<Entitlement>(ENTITLEMENT_CACHE_MAX, ENTITLEMENT_CACHE_MS, clock);
  const playable = new RecentMap<PlayableSong>(SONG_FACTS_CACHE_MAX, SONG_FACTS_CACHE_MS, clock);
  const deleted = new RecentMap<true>(ENTITLEMENT_CACHE_MAX, KNOWN_WHILE_AWAY_MS, clock);

  async function ask(songIds: readonly string[], country: string): Promise<PlayableSong[]> {
    const { items } = await catalog.playable({ songIds: [...songIds], country });
    for (const song of items) {
      // A song that is not ready yet may be so in a moment, so only what sounds is remembered.
      if (!song.unavailable) playable.set(keyOf(song.songId, country), song);
    }
    return items;
  }

  const fromAccounts = preferring(clock);
  const fromCatalog = preferring(clock);

  /** The songs as they were last known, when the catalogue does not answer and all of them are. */
  const askOrRemember = (songIds: readonly string[], country: string): Promise<PlayableSong[]> =>
    fromCatalog(
      () => ask(songIds, country),
      () => {
        const remembered = songIds.flatMap((songId) => playable.last(keyOf(songId, country)) ?? []);
        return remembered.length === songIds.length ? remembered : undefined;
      },
    );

  return {
    async entitlement(userId) {
      if (deleted.get(userId)) throw new NotFoundError('ACCOUNT_NOT_FOUND', 'There is no such account.');
      const recent = entitlements.get(userId);
      if (recent) return recent;
      return fromAccounts(
        async () => {
          const entitlement = await accounts.entitlement({ userId });
          entitlements.set(userId, entitlement);
          return entitlement;
        },
        () => entitlements.last(userId),
      );
    },

    async songs(songIds, entitlement) {
      const { country } = entitlement;
      const wanted = [...new Set(songIds)];
      const recent = wanted.map((songId) => playable.get(keyOf(songId, country)));
      const unknown = wanted.filter((_, i) => !recent[i]);
      const asked = await Promise.all(
        inChunks(unknown, SONGS_ASKED_MAX).map((chunk) => askOrRemember(chunk, country)),
      );
      const songs = new Map(
        [...recent, ...asked.flat()].flatMap((song) => (song ? [[song.songId, song]] : [])),
      );
      return new Map(wanted.map((songId) => [songId, factsOf(songs.get(songId), entitlement)]));
    },

    forget: (userId) => entitlements.delete(userId),
    bury: (userId) => deleted.set(userId, true),
  };
}

const keyOf = (songId: string, country: string): string => `${country} ${songId}`;

/** An answer that means no, unlike an actor that is away. */
const isRefusal = (error: unknown): boolean => error instanceof AntiphonError && error.status < 500;

/**
 * An answer, or what is remembered of it when it does not come soon: an actor whose tables hang would take all
 * the time that the command has. Whoever was away is not asked again at once.
 */
function preferring(clock: Clock) {
  let awayUntilMs = 0;
  return <T>(ask: () => Promise<T>, remember: () => T | undefined): Promise<T> => {
    const remembered = remember();
    if (remembered === undefined) return ask();
    if (clock.nowMs() < awayUntilMs) return Promise.resolve(remembered);
    return new Promise((resolve, reject) => {
      const settleForLess = (): void => {
        awayUntilMs = clock.nowMs() + KNOWN_ASKED_AGAIN_AFTER_MS;
        resolve(remembered);
      };
      const timer = clock.after(KNOWN_ANSWER_MS_MAX, settleForLess);
      ask()
        .then(resolve, (error: unknown) => (isRefusal(error) ? reject(error) : settleForLess()))
        .finally(() => timer.cancel());
    });
  };
}

const NO_SUCH_SONG: KnownSong = { durationMs: 0, rungs: [], hasOriginal: false, against: 'unknown' };

function factsOf(song: PlayableSong | undefined, entitlement: Entitlement): KnownSong {
  if (!song) return NO_SUCH_SONG;
  const against = reasonAgainst(song, entitlement);
  const { durationMs, rungs, artistId, original } = song;
  return {
    ...{ durationMs, rungs, hasOriginal: original !== undefined },
    ...(artistId !== undefined && { artistId }),
    ...(against && { against }),
  };
}

const inChunks = <T>(list: readonly T[], sizeMax: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / sizeMax) }, (_, i) =>
    list.slice(i * sizeMax, (i + 1) * sizeMax),
  );

/** Values with their age. */
class RecentMap<V> {
  private readonly byKey: BoundedMap<string, { readonly value: V; readonly atMs: number }>;
  private readonly ttlMs: number;
  private readonly clock: Clock;

  constructor(sizeMax: number, ttlMs: number, clock: Clock) {
    this.byKey = new BoundedMap(sizeMax);
    this.ttlMs = ttlMs;
    this.clock = clock;
  }

  get(key: string): V | undefined {
    return this.youngerThan(this.ttlMs, key);
  }

  /** For when nobody can be asked: the value even if it is rather old. */
  last(key: string): V | undefined {
    return this.youngerThan(KNOWN_WHILE_AWAY_MS, key);
  }

  private youngerThan(ageMsMax: number, key: string): V | undefined {
    const entry = this.byKey.get(key);
    return entry && this.clock.nowMs() - entry.atMs < ageMsMax ? entry.value : undefined;
  }

  set(key: string, value: V): void {
    this.byKey.set(key, { value, atMs: this.clock.nowMs() });
  }

  delete(key: string): void {
    this.byKey.delete(key);
  }
}
