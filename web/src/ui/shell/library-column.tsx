/** The listener's library beside every page: one list at a time, with a filter and an order. */
import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { SongView } from '../../../../actors/catalog/contract.ts';
import { api } from '../../api/api.ts';
import { libraryVersion, likes, need, remember, rememberLiked, songOf } from '../../state/library.ts';
import { currentSong } from '../../state/now.ts';
import { play } from '../../state/player.ts';
import { ALBUM_SORTS, COLUMN_LISTS, type ColumnList, columnList, columnSort } from '../../state/view.ts';
import { t } from '../../texts/texts.ts';
import { Cover } from '../cover.tsx';
import { albumMenu, artistMenu, songMenu } from '../menus.ts';
import { IconButton } from '../parts/button.tsx';
import { type MenuItem, menuOf, openMenuAt } from '../parts/menu.tsx';
import { EmptyState } from '../parts/states.tsx';
import { usePages } from '../use-pages.ts';
import { VirtualList } from '../virtual-list.tsx';

const ROW_PX = 56;
const PAGE = 100;

/** A row of any of the lists. */
interface Row {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly coverId: string | undefined;
  readonly href: string | undefined;
  readonly menu: () => readonly MenuItem[];
  readonly start?: () => unknown;
  readonly round?: boolean;
}

interface Page {
  readonly items: readonly Row[];
  readonly nextCursor?: string;
}
const paged = (items: readonly Row[], nextCursor: string | undefined): Page => ({
  items,
  ...(nextCursor && { nextCursor }),
});

const songRow = (song: SongView, type: 'songs' | 'likes'): Row => ({
  id: song.songId,
  title: song.title,
  note: song.artists.map((artist) => artist.name).join(', '),
  coverId: song.album.coverId,
  href: undefined,
  menu: () => songMenu(song),
  start: () => play({ context: { type }, songIds: [song.songId], songId: song.songId }),
});

async function loadPage(list: ColumnList, sort: string, cursor?: string): Promise<Page> {
  const query = { limit: PAGE, ...(cursor && { cursor }) };
  switch (list) {
    case 'albums': {
      const { items, nextCursor } = await api.albums({ ...query, sort });
      return paged(
        items.map((album) => ({
          id: album.albumId,
          title: album.title,
          note: album.artists.map((artist) => artist.name).join(', '),
          coverId: album.coverId,
          href: `/albums/${album.albumId}`,
          menu: () => albumMenu(album),
        })),
        nextCursor,
      );
    }
    case 'artists': {
      const { items, nextCursor } = await api.artists(query);
      return paged(
        items.map((artist) => ({
          id: artist.artistId,
          title: artist.name,
          note: t('count.songs', { n: artist.songCount }),
          coverId: artist.coverId,
          href: `/artists/${artist.artistId}`,
          menu: () => artistMenu(artist),
          round: true,
        })),
        nextCursor,
      );
    }
    case 'songs': {
      const { items, nextCursor } = await api.allSongs(query);
      remember(items);
      return paged(
        items.map((song) => songRow(song, 'songs')),
        nextCursor,
      );
    }
    case 'likes': {
      const { items, nextCursor } = await api.likes(query);
      const songIds = items.map((item) => item.songId);
      rememberLiked(songIds);
      await need(songIds);
      const found = songIds.flatMap((id) => songOf(id) ?? []);
      return paged(
        found.map((song) => songRow(song, 'likes')),
        nextCursor,
      );
    }
    case 'playlists':
      return paged([], undefined);
  }
}

const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

export function LibraryColumn({ narrow }: { narrow: boolean }) {
  const list = columnList.value;
  const sort = columnSort.value;
  const [filter, setFilter] = useState('');
  const sorted = list === 'albums' ? sort : '';
  const { items, hasMore, loadMore, first } = usePages(
    `column:${list}:${sorted}`,
    (cursor) => loadPage(list, sort, cursor),
    [libraryVersion.value, ...(list === 'likes' ? [likes.value.size] : [])],
  );
  const wanted = folded(filter.trim());
  const shown = wanted ? items.filter((row) => folded(`${row.title} ${row.note}`).includes(wanted)) : items;
  return (
    <section class="library" aria-label={t('column.label')}>
      {!narrow && (
        <header class="library-head">
          <fieldset class="chips" aria-label={t('column.lists')}>
            {COLUMN_LISTS.map((name) => (
              <button
                key={name}
                type="button"
                class="chip"
                aria-pressed={name === list}
                onClick={() => {
                  columnList.value = name;
                }}
              >
                {t(`list.${name}`)}
              </button>
            ))}
          </fieldset>
          {list !== 'playlists' && (
            <div class="library-tools">
              <input
                type="text"
                class="filter"
                placeholder={t('column.filter')}
                aria-label={t('column.filter')}
                value={filter}
                onInput={(event) => setFilter(event.currentTarget.value)}
              />
              {list === 'albums' && (
                <IconButton
                  icon="sort"
                  size={18}
                  label={t('sort.label')}
                  aria-haspopup="menu"
                  onClick={(event) =>
                    openMenuAt(
                      event.currentTarget,
                      t('sort.label'),
                      ALBUM_SORTS.map((name) => ({
                        label: t(`sort.${name}`),
                        checked: name === sort,
                        act: () => {
                          columnSort.value = name;
                        },
                      })),
                    )
                  }
                />
              )}
            </div>
          )}
        </header>
      )}
      <div class="library-list" data-scroller>
        {list === 'playlists' ? (
          !narrow && (
            <EmptyState title={t('playlists.soon')} icon="playlist">
              {t('playlists.soonText')}
            </EmptyState>
          )
        ) : (
          <VirtualList
            items={shown}
            rowPx={ROW_PX}
            drawnWith={narrow ? 'narrow' : 'wide'}
            label={t(`list.${list}`)}
            keyOf={(row, index) => `${row.id}-${index}`}
            rowProps={(row) => menuOf(row.title, row.menu)}
            render={(row) => <LibraryRow row={row} narrow={narrow} />}
            {...(hasMore && { onNearEnd: loadMore })}
          />
        )}
        {first.s === 'ready' && shown.length === 0 && wanted && <p class="fine">{t('column.nothing')}</p>}
      </div>
    </section>
  );
}

function LibraryRow({
  row: { id, title, note, coverId, href, start, round },
  narrow,
}: {
  row: Row;
  narrow: boolean;
}) {
  const { path } = useLocation();
  const sounding = currentSong.value;
  const isNow = sounding && [sounding.songId, sounding.album.albumId].includes(id);
  const inside = (
    <>
      <span class={round ? 'round' : ''}>
        <Cover coverId={coverId} px={40} />
      </span>
      <span class="library-names">
        <span class="library-title">
          <bdi>{title}</bdi>
        </span>
        <span class="library-note">
          <bdi>{note}</bdi>
        </span>
      </span>
    </>
  );
  const common = {
    class: `library-row ${isNow ? 'now' : ''}`,
    ...(narrow && { title, 'aria-label': title }),
  };
  return href ? (
    <a {...common} href={href} aria-current={path === href ? 'page' : undefined}>
      {inside}
    </a>
  ) : (
    <button {...common} type="button" onClick={() => start?.()}>
      {inside}
    </button>
  );
}
