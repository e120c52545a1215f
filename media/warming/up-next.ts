/** What the sessions will play next, as far as their own events tell: lists in order, and queued songs before. */
import type { SessionHint } from '../../actors/player-session/contract.ts';
import { WARM_NEXT_SONGS, WARM_SESSION_SONGS_MAX, WARM_SESSIONS_MAX } from '../../config/limits.ts';
import { BoundedMap } from '../../kit/bounded-map.ts';

interface Session {
  songIds: readonly string[];
  /** Nobody but the session knows its shuffled order. */
  shuffled: boolean;
  /** Place of the last song heard from the list. */
  at: number;
  queued: string[];
}

export class UpNext {
  readonly #sessions = new BoundedMap<string, Session>(WARM_SESSIONS_MAX);

  hint(sessionId: string, hint: SessionHint): void {
    const session = this.#sessions.get(sessionId) ?? { songIds: [], shuffled: false, at: -1, queued: [] };
    switch (hint.type) {
      case 'contextSet':
        session.songIds = hint.songIds.slice(0, WARM_SESSION_SONGS_MAX);
        session.at = -1;
        break;
      case 'shuffled':
        session.shuffled = true;
        break;
      case 'unshuffled':
        session.shuffled = false;
        break;
      case 'queued': {
        const songIds = hint.entries.map(({ songId }) => songId);
        const queued =
          hint.at === 'front' ? [...songIds, ...session.queued] : [...session.queued, ...songIds];
        session.queued = queued.slice(0, WARM_SESSION_SONGS_MAX);
        break;
      }
      case 'queueCleared':
        session.queued = [];
        break;
    }
    this.#sessions.set(sessionId, session);
  }

  /** The songs that are likely to follow `songId`, which begins to sound; the likeliest first. */
  after(sessionId: string, songId: string): string[] {
    const session = this.#sessions.get(sessionId);
    if (!session) return [];
    const queuedAt = session.queued.indexOf(songId);
    if (queuedAt >= 0) session.queued.splice(0, queuedAt + 1);
    else session.at = placeOf(songId, session);
    const listed = session.shuffled || session.at < 0 ? [] : session.songIds.slice(session.at + 1);
    return [...session.queued, ...listed].slice(0, WARM_NEXT_SONGS);
  }
}

/** A song may stand in a list twice: the next place from where the session is. */
function placeOf(songId: string, { songIds, at }: Session): number {
  const ahead = songIds.indexOf(songId, at + 1);
  return ahead >= 0 ? ahead : songIds.indexOf(songId);
}
