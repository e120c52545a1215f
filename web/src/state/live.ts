/** Keeps the player in step with the service while someone is signed in. */
import { computed, signal } from '@preact/signals';
import type { HistoryMessage } from '../../../actors/history/contract.ts';
import type { LikesMessage } from '../../../actors/likes/contract.ts';
import type { PlayerState } from '../../../actors/player-session/contract.ts';
import type { LibraryNews } from '../../../media/library/contract.ts';
import { openEventSocket } from '../api/socket.ts';
import { catalogVersion, doubtLikes, forgetLibrary, showLiked } from './library.ts';
import { startMediaSession } from './media-session.ts';
import { isPlaying, soundsHere } from './now.ts';
import { catchUp, onRemoteState, startPlayer, stopPlayer } from './player.ts';
import { startSleepTimer } from './sleep-timer.ts';

export const online = signal(true);
/** The connection is lost, and what sounds here is what was fetched before. */
export const coasting = computed(() => !online.value && isPlaying.value && soundsHere.value);
/** Grows when a history entry appears or is counted. */
export const historyVersion = signal(0);

/** The last change to a folder of the library, which administrators are told of. */
export const folderNews = signal<LibraryNews | undefined>(undefined);

type Message =
  | { type: 'player.state'; state: PlayerState }
  | HistoryMessage
  | LikesMessage
  | { type: 'catalog.changed' }
  | ({ type: 'library.folder' } & LibraryNews);

function onMessage(message: Message): void {
  switch (message.type) {
    case 'player.state':
      onRemoteState(message.state);
      break;
    case 'history.entry':
      historyVersion.value++;
      break;
    case 'likes.changed':
      showLiked(message.songId, message.liked);
      break;
    case 'catalog.changed':
      catalogVersion.value++;
      break;
    case 'library.folder':
      folderNews.value = message;
      break;
  }
}

/** Nobody tells again what happened while the socket was away. */
function showMissed(): void {
  doubtLikes();
  historyVersion.value++;
  catalogVersion.value++;
}

/** @returns what ends it. */
export function startLive(): () => void {
  void startPlayer();
  const ends = [startMediaSession(), startSleepTimer()];
  const socket = openEventSocket({
    onEvent: ({ data }) => onMessage(data as Message),
    onOpen(missed) {
      const wasAway = !online.value;
      online.value = true;
      if (missed && wasAway) void catchUp().then(showMissed);
    },
    onClosed() {
      online.value = false;
    },
  });
  return () => {
    socket.close();
    for (const end of ends) end();
    stopPlayer();
    forgetLibrary();
  };
}
