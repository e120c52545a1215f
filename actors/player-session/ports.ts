/** The least that a player session needs from outside. */
import type { Client } from '../../kit/client.ts';
import type { accountsContract } from '../accounts/contract.ts';
import type { catalogContract, Rung } from '../catalog/contract.ts';
import type { Stream } from './contract.ts';

export type Catalog = Pick<Client<typeof catalogContract>, 'playable' | 'album' | 'artist'>;
export type Accounts = Pick<Client<typeof accountsContract>, 'entitlement' | 'deviceActive'>;

export interface MediaGrant {
  readonly playId: string;
  readonly userId: string;
  readonly songId: string;
  /** kbit/s. */
  readonly maxRung: Rung;
  /** ISO 3166-1 alpha-2 country of the listener. */
  readonly region: string;
  readonly expiresAtMs: number;
}

/** Signs media URLs; the edge (media/edge) checks them without asking anyone. */
export interface MediaUrls {
  sign(
    grant: MediaGrant,
    song: { readonly hasOriginal: boolean },
  ): Pick<Stream, 'hlsUrl' | 'dashUrl' | 'fileUrl' | 'originalUrl' | 'fallback'>;
}
