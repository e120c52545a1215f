/**
 * The REST surface, a line a route: the gateway, the OpenAPI document and the web player's client all read
 * this table. Parameters come from the path, the query and the JSON body; those named in `inject` come from
 * the access token and can never be given by the client.
 */
import type { Action, Contract } from '../../kit/contract.ts';
import { ingestContract } from '../../media/ingest/contract.ts';
import { libraryContract } from '../../media/library/contract.ts';
import { accountsContract } from '../accounts/contract.ts';
import { catalogContract } from '../catalog/contract.ts';
import { healthContract } from '../health/contract.ts';
import { historyContract } from '../history/contract.ts';
import { likesContract } from '../likes/contract.ts';
import { playerContract } from '../player-session/contract.ts';
import { searchContract } from '../search/contract.ts';
import { gatewayContract } from './contract.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Which claim of the access token fills a parameter. */
export type Inject = Readonly<Record<string, 'sub' | 'did' | 'country'>>;

export interface Route {
  readonly method: Method;
  /** Below /api, with `{param}` segments named as the action's parameters. */
  readonly path: string;
  readonly service: string;
  readonly actionName: string;
  readonly action: Action;
  readonly auth: 'none' | 'user' | 'admin';
  readonly inject: Inject;
  /** Sliding-window limit besides the general one (config/limits.ts). */
  readonly limit?: 'stream' | 'search' | 'refresh';
  /** The answer is a Session: its refresh token can travel as a cookie. */
  readonly session?: boolean;
  readonly status: 200 | 201 | 204;
}

type Options = Partial<Pick<Route, 'auth' | 'inject' | 'limit' | 'session' | 'status'>>;

function on<C extends Contract>(contract: C, defaults: Options = {}) {
  return (
    method: Method,
    path: string,
    actionName: keyof C['actions'] & string,
    options: Options = {},
  ): Route => ({
    auth: 'user',
    inject: {},
    status: 200,
    ...defaults,
    ...options,
    method,
    path,
    service: contract.name,
    actionName,
    action: contract.actions[actionName] as Action,
  });
}

const user = { userId: 'sub' } as const;
const userAndDevice = { userId: 'sub', deviceId: 'did' } as const;
const viewer = { country: 'country' } as const;

const accounts = on(accountsContract, { inject: user });
const catalog = on(catalogContract);
const player = on(playerContract, { inject: userAndDevice });
const history = on(historyContract, { inject: user });
const likes = on(likesContract, { inject: user });
const search = on(searchContract);
const gateway = on(gatewayContract);
const ingest = on(ingestContract);
const library = on(libraryContract, { auth: 'admin' });
const health = on(healthContract, { auth: 'admin' });

const open = { auth: 'none', inject: {} } as const;
const admin = { auth: 'admin', inject: {} } as const;
const corrections = on(catalogContract, { auth: 'admin', inject: { byUserId: 'sub' } });
/** The account that acts is written down with what it did. */
const adminDeed = { auth: 'admin', inject: { byUserId: 'sub' } } as const;

export const ROUTES: readonly Route[] = [
  accounts('POST', '/accounts', 'signUp', { ...open, session: true, status: 201 }),
  accounts('POST', '/login', 'login', { ...open, session: true }),
  accounts('POST', '/token/refresh', 'refresh', { ...open, session: true, limit: 'refresh' }),
  accounts('POST', '/logout', 'logout', { ...open, status: 204, limit: 'refresh' }),
  accounts('POST', '/password/reset', 'resetPassword', { ...open, status: 204 }),
  accounts('POST', '/invitations/look', 'lookAtInvitation', open),

  accounts('GET', '/me', 'me'),
  accounts('PATCH', '/me', 'updateMe'),
  accounts('DELETE', '/me', 'deleteMe', { status: 204 }),
  accounts('POST', '/me/password', 'changePassword', { inject: userAndDevice, status: 204 }),
  accounts('GET', '/me/devices', 'devices'),
  accounts('PATCH', '/me/devices/{deviceId}', 'renameDevice'),
  accounts('DELETE', '/me/devices/{deviceId}', 'removeDevice', { status: 204 }),
  accounts('POST', '/me/subscription', 'subscribe'),
  accounts('DELETE', '/me/subscription', 'unsubscribe'),

  search('GET', '/search', 'search', { inject: viewer, limit: 'search' }),
  catalog('GET', '/songs', 'allSongs', { inject: viewer }),
  catalog('GET', '/songs/{songId}', 'song', { inject: viewer }),
  catalog('GET', '/songs/{songId}/lyrics', 'lyrics'),
  catalog('GET', '/songs/{songId}/credits', 'credits'),
  player('GET', '/songs/{songId}/stream', 'stream', { limit: 'stream' }),
  catalog('POST', '/songs/lookup', 'songs', { inject: viewer }),
  catalog('GET', '/albums', 'albums'),
  catalog('GET', '/albums/{albumId}', 'album', { inject: viewer }),
  catalog('GET', '/artists', 'artists'),
  catalog('GET', '/artists/{artistId}', 'artist', { inject: viewer }),
  catalog('GET', '/artists/{artistId}/albums', 'artistAlbums'),
  catalog('GET', '/artists/{artistId}/songs', 'artistSongs', { inject: viewer }),
  gateway('GET', '/artists/{artistId}/top', 'artistTop', { inject: viewer }),
  gateway('GET', '/home', 'home', { inject: { ...user, ...viewer } }),
  catalog('GET', '/genres', 'genres'),
  catalog('GET', '/decades', 'decades'),
  catalog('GET', '/catalog/counts', 'counts'),

  player('GET', '/me/player', 'get'),
  player('POST', '/me/player/play', 'play', { limit: 'stream' }),
  player('POST', '/me/player/pause', 'pause'),
  player('POST', '/me/player/resume', 'resume'),
  player('POST', '/me/player/seek', 'seek'),
  player('POST', '/me/player/next', 'next', { limit: 'stream' }),
  player('POST', '/me/player/previous', 'previous', { limit: 'stream' }),
  player('POST', '/me/player/queue', 'queue'),
  player('POST', '/me/player/mode', 'mode'),
  player('POST', '/me/player/transfer', 'transfer'),
  player('POST', '/me/player/progress', 'progress'),

  history('GET', '/me/history', 'recent'),
  history('GET', '/me/top', 'top'),
  history('GET', '/me/recent', 'recentContexts'),
  likes('GET', '/me/likes', 'list'),
  likes('POST', '/me/likes/lookup', 'contains'),
  likes('PUT', '/me/likes/{songId}', 'like', { status: 204 }),
  likes('DELETE', '/me/likes/{songId}', 'unlike', { status: 204 }),

  gateway('POST', '/me/events', 'events', { status: 204 }),

  accounts('GET', '/admin/users', 'list', admin),
  accounts('POST', '/admin/users', 'createUser', { ...adminDeed, status: 201 }),
  accounts('GET', '/admin/users/{userId}', 'user', admin),
  accounts('DELETE', '/admin/users/{userId}', 'deleteUser', { ...adminDeed, status: 204 }),
  accounts('PUT', '/admin/users/{userId}/roles', 'setRoles', adminDeed),
  accounts('PUT', '/admin/users/{userId}/tier', 'setTier', adminDeed),
  accounts('PUT', '/admin/users/{userId}/disabled', 'setDisabled', adminDeed),
  accounts('POST', '/admin/users/{userId}/reset-code', 'issueResetCode', adminDeed),
  accounts('DELETE', '/admin/users/{userId}/devices/{deviceId}', 'removeUserDevice', {
    ...adminDeed,
    status: 204,
  }),
  accounts('GET', '/admin/invitations', 'invitations', admin),
  accounts('POST', '/admin/invitations', 'invite', { ...adminDeed, status: 201 }),
  accounts('DELETE', '/admin/invitations/{invitationId}', 'revokeInvitation', { ...adminDeed, status: 204 }),
  accounts('GET', '/admin/audit', 'audit', admin),
  accounts('GET', '/admin/keys/signing', 'signingKeys', admin),
  accounts('POST', '/admin/keys/signing/rotate', 'rotateSigningKey', adminDeed),
  health('GET', '/admin/health', 'health'),
  health('GET', '/admin/metrics', 'metrics'),
  health('GET', '/admin/storage', 'storage'),
  ingest('GET', '/admin/ingest', 'status', admin),

  corrections('PATCH', '/admin/songs/{songId}', 'correctSong'),
  corrections('PATCH', '/admin/albums/{albumId}', 'correctAlbum'),
  corrections('PATCH', '/admin/artists/{artistId}', 'correctArtist'),
  corrections('POST', '/admin/artists/{artistId}/merge', 'mergeArtists'),
  corrections('POST', '/admin/artists/{artistId}/split', 'splitArtist'),
  corrections('POST', '/admin/albums/{albumId}/merge', 'mergeAlbums'),
  corrections('POST', '/admin/albums/{albumId}/split', 'splitAlbum'),
  catalog('GET', '/admin/corrections', 'corrections', admin),
  corrections('DELETE', '/admin/corrections/{correctionId}', 'undoCorrection'),
  library('GET', '/admin/library/folders', 'folders'),
  library('POST', '/admin/library/folders', 'addFolder', { status: 201 }),
  library('DELETE', '/admin/library/folders/{folderId}', 'removeFolder', { status: 204 }),
  library('GET', '/admin/library/folders/{folderId}/refusals', 'refusals'),
  library('POST', '/admin/library/scan', 'scan', { status: 204 }),
];
