/** What a listener does besides listening: looks for music, saves songs, reads the history, changes the name. */
import type { SeededRandom } from '../../kit/sim/random.ts';
import { keptAfter, type Ledger } from './ledger.ts';
import { type Answer, codeOf, isSuccess, type Line } from './line.ts';
import type { Song } from './songs.ts';
import type { Tally } from './tally.ts';

export interface BrowsingDeps {
  readonly line: Line;
  readonly songs: readonly Song[];
  readonly random: SeededRandom;
  readonly tally: Tally;
  readonly ledger: Ledger;
}

/** How often of a hundred times. */
const SHARES = { like: 24, liked: 16, likes: 8, history: 10, search: 12, songs: 14, album: 10, rename: 6 };

/** Does one of these things at each call. */
export function browsing({ line, songs, random, tally, ledger }: BrowsingDeps): () => Promise<void> {
  let names = 0;

  async function ask(name: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const beganAtMs = performance.now();
    const answer = await line.rest(method, path, body);
    tally.call({ name, status: answer.status, code: codeOf(answer), ms: performance.now() - beganAtMs });
    return answer;
  }
  const song = (): Song => random.pick(songs);
  const songIds = songs.map(({ songId }) => songId);

  async function like(): Promise<void> {
    const { songId } = song();
    const before = ledger.likes.get(songId);
    const liked = !(before?.value ?? false);
    const answer = await ask(liked ? 'like' : 'unlike', liked ? 'PUT' : 'DELETE', `/me/likes/${songId}`);
    ledger.likes.set(songId, keptAfter(before, liked, isSuccess(answer), false));
  }

  async function rename(): Promise<void> {
    const displayName = `${ledger.username} ${++names}`;
    const answer = await ask('rename', 'PATCH', '/me', { displayName });
    const { username } = ledger;
    ledger.displayName = keptAfter(ledger.displayName, displayName, isSuccess(answer), username);
  }

  const things: Readonly<Record<keyof typeof SHARES, () => Promise<unknown>>> = {
    like,
    liked: () => ask('liked', 'POST', '/me/likes/lookup', { songIds }),
    likes: () => ask('likes', 'GET', '/me/likes'),
    history: () => ask('history', 'GET', '/me/history'),
    search: () => ask('search', 'GET', `/search?query=${encodeURIComponent(song().title)}`),
    songs: () => ask('songs', 'POST', '/songs/lookup', { songIds }),
    album: () => ask('album', 'GET', `/albums/${song().albumId}`),
    rename,
  };

  return async () => {
    let at = random.below(100);
    for (const [name, share] of Object.entries(SHARES)) {
      at -= share;
      if (at < 0) return void (await things[name as keyof typeof SHARES]());
    }
  };
}
