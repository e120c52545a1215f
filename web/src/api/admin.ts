/** What administrators ask; loaded with their pages. */
import type { accountsContract, Role, Tier } from '../../../actors/accounts/contract.ts';
import type { catalogContract } from '../../../actors/catalog/contract.ts';
import type { healthContract } from '../../../actors/health/contract.ts';
import type { Contract, Params, Result } from '../../../kit/contract.ts';
import type { libraryContract } from '../../../media/library/contract.ts';
import { call } from './http.ts';

type Of<C extends Contract, A extends keyof C['actions']> = Result<C['actions'][A]>;
type Accounts<A extends keyof (typeof accountsContract)['actions']> = Of<typeof accountsContract, A>;
export type Catalog<A extends keyof (typeof catalogContract)['actions']> = Of<typeof catalogContract, A>;
type Health<A extends keyof (typeof healthContract)['actions']> = Of<typeof healthContract, A>;
type Library<A extends keyof (typeof libraryContract)['actions']> = Of<typeof libraryContract, A>;

export interface NewUser {
  readonly username: string;
  readonly displayName?: string;
  readonly roles?: readonly Role[];
  readonly tier?: Tier;
}

export interface NewInvitation {
  readonly roles: readonly Role[];
  readonly tier: Tier;
  readonly usesMax: number;
  readonly ttlMs: number;
  readonly note?: string;
}

type Given<A extends keyof (typeof catalogContract)['actions']> = Omit<
  Params<(typeof catalogContract)['actions'][A]>,
  'byUserId' | 'commandId' | 'songId' | 'albumId' | 'artistId'
>;

const user = (userId: string): string => `/admin/users/${userId}`;

export const adminApi = {
  health: () => call<Health<'health'>>('GET', '/admin/health'),
  metrics: () => call<Health<'metrics'>>('GET', '/admin/metrics'),
  storage: () => call<Health<'storage'>>('GET', '/admin/storage'),
  audit: (limit: number) => call<Accounts<'audit'>>('GET', '/admin/audit', { query: { limit } }),

  users: (prefix: string, cursor?: string) =>
    call<Accounts<'list'>>('GET', '/admin/users', { query: { ...(prefix && { prefix }), cursor } }),
  user: (userId: string) => call<Accounts<'user'>>('GET', user(userId)),
  createUser: (made: NewUser) => call<Accounts<'createUser'>>('POST', '/admin/users', { body: made }),
  deleteUser: (userId: string) => call<void>('DELETE', user(userId)),
  setRoles: (userId: string, roles: readonly Role[]) =>
    call<Accounts<'setRoles'>>('PUT', `${user(userId)}/roles`, { body: { roles } }),
  setTier: (userId: string, tier: Tier) =>
    call<Accounts<'setTier'>>('PUT', `${user(userId)}/tier`, { body: { tier } }),
  setDisabled: (userId: string, disabled: boolean) =>
    call<Accounts<'setDisabled'>>('PUT', `${user(userId)}/disabled`, { body: { disabled } }),
  resetCode: (userId: string) => call<Accounts<'issueResetCode'>>('POST', `${user(userId)}/reset-code`),
  removeDevice: (userId: string, deviceId: string) =>
    call<void>('DELETE', `${user(userId)}/devices/${deviceId}`),

  invitations: () => call<Accounts<'invitations'>>('GET', '/admin/invitations'),
  invite: (invitation: NewInvitation) =>
    call<Accounts<'invite'>>('POST', '/admin/invitations', { body: invitation }),
  revokeInvitation: (invitationId: string) => call<void>('DELETE', `/admin/invitations/${invitationId}`),

  folders: () => call<Library<'folders'>>('GET', '/admin/library/folders'),
  addFolder: (path: string) =>
    call<Library<'addFolder'>>('POST', '/admin/library/folders', { body: { path } }),
  removeFolder: (folderId: string) => call<void>('DELETE', `/admin/library/folders/${folderId}`),
  scan: (folderId?: string) =>
    call<void>('POST', '/admin/library/scan', { body: folderId ? { folderId } : {} }),
  refusals: (folderId: string, cursor?: string) =>
    call<Library<'refusals'>>('GET', `/admin/library/folders/${folderId}/refusals`, { query: { cursor } }),

  correctSong: (songId: string, change: Given<'correctSong'>) =>
    call<Catalog<'correctSong'>>('PATCH', `/admin/songs/${songId}`, { body: change }),
  correctAlbum: (albumId: string, change: Given<'correctAlbum'>) =>
    call<Catalog<'correctAlbum'>>('PATCH', `/admin/albums/${albumId}`, { body: change }),
  correctArtist: (artistId: string, change: Given<'correctArtist'>) =>
    call<Catalog<'correctArtist'>>('PATCH', `/admin/artists/${artistId}`, { body: change }),
  mergeArtists: (artistId: string, artistIds: readonly string[]) =>
    call<Catalog<'mergeArtists'>>('POST', `/admin/artists/${artistId}/merge`, { body: { artistIds } }),
  splitArtist: (artistId: string, change: Given<'splitArtist'>) =>
    call<Catalog<'splitArtist'>>('POST', `/admin/artists/${artistId}/split`, { body: change }),
  mergeAlbums: (albumId: string, albumIds: readonly string[]) =>
    call<Catalog<'mergeAlbums'>>('POST', `/admin/albums/${albumId}/merge`, { body: { albumIds } }),
  splitAlbum: (albumId: string, change: Given<'splitAlbum'>) =>
    call<Catalog<'splitAlbum'>>('POST', `/admin/albums/${albumId}/split`, { body: change }),
  corrections: (cursor?: string) =>
    call<Catalog<'corrections'>>('GET', '/admin/corrections', { query: { cursor } }),
  undoCorrection: (correctionId: string) =>
    call<Catalog<'undoCorrection'>>('DELETE', `/admin/corrections/${correctionId}`),

  signingKeys: () => call<Accounts<'signingKeys'>>('GET', '/admin/keys/signing'),
  rotateSigningKey: () => call<Accounts<'rotateSigningKey'>>('POST', '/admin/keys/signing/rotate'),
};
