/** The service's routes as functions; the shapes come from the actors' contracts. */
import type { accountsContract, Preferences } from '../../../actors/accounts/contract.ts';
import type { catalogContract } from '../../../actors/catalog/contract.ts';
import type { ClientEvent, gatewayContract } from '../../../actors/gateway/contract.ts';
import type { historyContract } from '../../../actors/history/contract.ts';
import type { likesContract } from '../../../actors/likes/contract.ts';
import type { PlayContext, PlayerAnswer, playerContract } from '../../../actors/player-session/contract.ts';
import type { SearchType, searchContract } from '../../../actors/search/contract.ts';
import type { Contract, Result } from '../../../kit/contract.ts';
import { ApiError, call, callOpenly } from './http.ts';

type Of<C extends Contract, A extends keyof C['actions']> = Result<C['actions'][A]>;
type Accounts<A extends keyof (typeof accountsContract)['actions']> = Of<typeof accountsContract, A>;
type Catalog<A extends keyof (typeof catalogContract)['actions']> = Of<typeof catalogContract, A>;

interface PageQuery {
  readonly cursor?: string;
  readonly limit?: number;
}
const page = (query: PageQuery = {}) => ({ ...query });

export const api = {
  lookAtInvitation: (code: string) => callOpenly<Accounts<'lookAtInvitation'>>('/invitations/look', { code }),
  resetPassword: (username: string, resetCode: string, newPassword: string) =>
    callOpenly<void>('/password/reset', { username, resetCode, newPassword }),
  me: () => call<Accounts<'me'>>('GET', '/me'),
  updateMe: (change: { displayName?: string; country?: string; preferences?: Partial<Preferences> }) =>
    call<Accounts<'me'>>('PATCH', '/me', { body: change }),
  changePassword: (currentPassword: string, newPassword: string) =>
    call<void>('POST', '/me/password', { body: { currentPassword, newPassword } }),
  deleteMe: (password: string) => call<void>('DELETE', '/me', { body: { password } }),
  devices: () => call<Accounts<'devices'>>('GET', '/me/devices'),
  renameDevice: (deviceId: string, name: string) =>
    call<Accounts<'renameDevice'>>('PATCH', `/me/devices/${deviceId}`, { body: { name } }),
  removeDevice: (deviceId: string) => call<void>('DELETE', `/me/devices/${deviceId}`),
  subscribe: (paymentToken: string) =>
    call<Accounts<'subscribe'>>('POST', '/me/subscription', { body: { paymentToken } }),
  unsubscribe: () => call<Accounts<'unsubscribe'>>('DELETE', '/me/subscription'),

  search: (query: string, type?: SearchType, offset?: number) =>
    call<Of<typeof searchContract, 'search'>>('GET', '/search', {
      query: { query, type, offset, limit: type ? 50 : 8 },
    }),
  songs: (songIds: readonly string[]) =>
    call<Catalog<'songs'>>('POST', '/songs/lookup', { body: { songIds } }),
  allSongs: (query?: PageQuery) => call<Catalog<'allSongs'>>('GET', '/songs', { query: page(query) }),
  credits: (songId: string) => call<Catalog<'credits'>>('GET', `/songs/${songId}/credits`),
  counts: () => call<Catalog<'counts'>>('GET', '/catalog/counts'),
  lyrics: (songId: string) => call<Catalog<'lyrics'>>('GET', `/songs/${songId}/lyrics`),
  albums: (query: PageQuery & { sort?: string; genre?: string; decade?: number } = {}) =>
    call<Catalog<'albums'>>('GET', '/albums', { query: { ...query } }),
  album: (albumId: string) => call<Catalog<'album'>>('GET', `/albums/${albumId}`),
  artists: (query?: PageQuery) => call<Catalog<'artists'>>('GET', '/artists', { query: page(query) }),
  artist: (artistId: string) => call<Catalog<'artist'>>('GET', `/artists/${artistId}`),
  decades: () => call<Catalog<'decades'>>('GET', '/decades'),
  genres: () => call<Catalog<'genres'>>('GET', '/genres'),

  home: () => call<Of<typeof gatewayContract, 'home'>>('GET', '/home'),
  artistTop: (artistId: string) =>
    call<Of<typeof gatewayContract, 'artistTop'>>('GET', `/artists/${artistId}/top`),

  history: (query?: PageQuery) =>
    call<Of<typeof historyContract, 'recent'>>('GET', '/me/history', { query: page(query) }),
  likes: (query?: PageQuery) =>
    call<Of<typeof likesContract, 'list'>>('GET', '/me/likes', { query: page(query) }),
  liked: (songIds: readonly string[]) =>
    call<Of<typeof likesContract, 'contains'>>('POST', '/me/likes/lookup', { body: { songIds } }),
  setLiked: (songId: string, liked: boolean) => call<void>(liked ? 'PUT' : 'DELETE', `/me/likes/${songId}`),

  telemetry: (events: readonly ClientEvent[]) =>
    call<void>('POST', '/me/events', { body: { events }, keepalive: true }),
};

/** Long enough for a service to start again. */
const REPEAT_FOR_MS = 15_000;
const REPEAT_FIRST_MS = 250;
const REPEAT_MAX_MS = 2000;

/** Asks again while the service cannot be reached. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAtMs = performance.now() + REPEAT_FOR_MS;
  for (let waitMs = REPEAT_FIRST_MS; ; waitMs = Math.min(2 * waitMs, REPEAT_MAX_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0 || performance.now() > giveUpAtMs) throw error;
      await new Promise((done) => setTimeout(done, waitMs));
    }
  }
}

/** 128 random bits. Pages over plain HTTP, as in a home network, have no `crypto.randomUUID`. */
const newCommandId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (bits) => bits.toString(36)).join('-');

let lastCommand: Promise<unknown> = Promise.resolve();

/**
 * A command to the player. Each carries an id, so that one sent twice is done once; each waits for the one
 * before, since two requests at once may arrive in either order.
 */
function command(name: string, parameters: Record<string, unknown> = {}): Promise<PlayerAnswer> {
  const body = { commandId: newCommandId(), ...parameters };
  const answer = lastCommand.then(() =>
    untilAnswered(() => call<PlayerAnswer>('POST', `/me/player/${name}`, { body })),
  );
  lastCommand = answer.catch(() => undefined);
  return answer;
}

export interface PlayRequest {
  readonly context?: PlayContext;
  readonly songIds?: readonly string[];
  readonly songId?: string;
  readonly positionMs?: number;
  readonly shuffle?: boolean;
}

export const playerApi = {
  get: () => call<PlayerAnswer>('GET', '/me/player'),
  play: (request: PlayRequest) => command('play', { ...request }),
  pause: () => command('pause'),
  resume: () => command('resume'),
  seek: (positionMs: number) => command('seek', { positionMs }),
  next: (
    playId: string | undefined,
    reason: 'skip' | 'ended' | 'failed',
    { listenedMs, entryId }: { listenedMs?: number | undefined; entryId?: string } = {},
  ) =>
    command('next', {
      ...(playId && { playId }),
      reason,
      ...(listenedMs !== undefined && { listenedMs }),
      ...(entryId && { entryId }),
    }),
  previous: () => command('previous'),
  enqueue: (op: 'add' | 'playNext', songIds: readonly string[]) => command('queue', { op, songIds }),
  dequeue: (entryId: string) => command('queue', { op: 'remove', entryId }),
  moveInQueue: (entryId: string, afterEntryId: string | undefined) =>
    command('queue', { op: 'move', entryId, ...(afterEntryId && { afterEntryId }) }),
  clearQueue: () => command('queue', { op: 'clear' }),
  mode: (mode: { shuffle?: boolean; repeat?: 'off' | 'one' | 'all' }) => command('mode', mode),
  transfer: (toDeviceId: string) => command('transfer', { toDeviceId }),
  progress: (
    report: { playId: string; listenedMs: number; positionMs: number; playing: boolean },
    keepalive = false,
  ) =>
    call<Of<typeof playerContract, 'progress'>>('POST', '/me/player/progress', { body: report, keepalive }),
};
