/** The listener's library beside every page: one list at a time, with a filter and an order. */
import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { libraryVersion, likes } from '../../state/library.ts';
import { currentSong } from '../../state/now.ts';
import { ALBUM_SORTS, COLUMN_LISTS, type ColumnList, columnList, columnSort } from '../../state/view.ts';
import { t } from '../../texts/texts.ts';
import { Cover } from '../cover.tsx';
import { IconButton } from '../parts/button.tsx';
import { menuOf, openMenuAt } from '../parts/menu.tsx';
import { EmptyState } from '../parts/states.tsx';
import { useLoad } from '../use-load.ts';
import { type Pages, usePages } from '../use-pages.ts';
import { VirtualList } from '../virtual-list.tsx';
import { findRows, loadRows, type Row } from './column-rows.ts';

const ROW_PX = 56;
/** Typing pauses at least this long before the service is asked, which allows 30 searches a minute. */
const SETTLE_MS = 300;
/** As many as a tall column shows. */
const FILLED_ROWS = 30;

const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();

/** The rows that have a name: those that are here at once, then those of a longer list that the service knows. */
function useFiltered({ items, hasMore, loadMore }: Pages<Row>, list: ColumnList, filter: string) {
  const wanted = folded(filter.trim());
  const here = wanted ? items.filter((row) => folded(`${row.title} ${row.note}`).includes(wanted)) : items;
  const [settled, setSettled] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(wanted), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const asked = hasMore ? settled : '';
  const found = useLoad(
    `column.found:${list}:${asked}`,
    async () => (asked ? findRows(list, asked) : []),
    [],
    { keeps: false },
  );
  // The service searches the catalogue, not one listener's likes: those are loaded on.
  useEffect(() => {
    if (wanted && list === 'likes' && hasMore && here.length < FILLED_ROWS) loadMore();
  }, [wanted, list, items]);
  const isHere = new Set(here.map((row) => row.id));
  const more = wanted && found.s === 'ready' ? found.value.filter((row) => !isHere.has(row.id)) : [];
  const isSettled = !hasMore || (settled === wanted && found.s !== 'loading' && list !== 'likes');
  return { wanted, shown: more.length > 0 ? [...here, ...more] : here, isSettled };
}

export function LibraryColumn({ narrow }: { narrow: boolean }) {
  const list = columnList.value;
  const sort = columnSort.value;
  const [filter, setFilter] = useState('');
  const sorted = list === 'albums' ? sort : '';
  const pages = usePages(`column:${list}:${sorted}`, (cursor) => loadRows(list, sort, cursor), [
    libraryVersion.value,
    ...(list === 'likes' ? [likes.value.size] : []),
  ]);
  const { hasMore, loadMore, first } = pages;
  const { wanted, shown, isSettled } = useFiltered(pages, list, filter);
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
        {first.s === 'ready' && shown.length === 0 && wanted && isSettled && (
          <p class="fine">{t('column.nothing')}</p>
        )}
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
