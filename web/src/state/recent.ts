/** What was played last: for the home page, and for when search is away. */
import type { SongView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { need, songOf } from './library.ts';

const LOOKED_AT = 30;

/** Each song once, newest first. */
export async function loadRecent(shown: number): Promise<SongView[]> {
  const { items } = await api.history({ limit: LOOKED_AT });
  const ids = [...new Set(items.map((entry) => entry.songId))].slice(0, shown);
  await need(ids);
  return ids.flatMap((id) => songOf(id) ?? []);
}
