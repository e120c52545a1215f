/** What search needs from outside. */
import type { Client } from '../../kit/client.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { SearchIndex } from '../../kit/ports/search-index.ts';
import type { Clock } from '../../kit/sources.ts';
import type { catalogContract } from '../catalog/contract.ts';

export type CatalogForSearch = Pick<
  Client<typeof catalogContract>,
  'songs' | 'albumsById' | 'artistsById' | 'uncached' | 'allSongs' | 'albums' | 'artists'
>;

export interface SearchDeps {
  readonly index: SearchIndex;
  readonly journal: Journal;
  readonly catalog: CatalogForSearch;
  readonly clock: Clock;
}
