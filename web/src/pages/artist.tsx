import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { AlbumView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { libraryVersion, remember } from '../state/library.ts';
import { play } from '../state/player.ts';
import type { TextKey } from '../texts/texts.ts';
import { t } from '../texts/texts.ts';
import { AlbumCard, Shelf } from '../ui/cards.tsx';
import { Cover } from '../ui/cover.tsx';
import { artistMenu } from '../ui/menus.ts';
import { Button, IconButton } from '../ui/parts/button.tsx';
import { openMenuAt } from '../ui/parts/menu.tsx';
import { Problem, Skeleton } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { SongList } from '../ui/song-list.tsx';
import { useTint } from '../ui/tint.ts';
import { useLoad } from '../ui/use-load.ts';

const TOP_SHOWN = 5;

async function loadArtist(artistId: string) {
  const [artist, top] = await Promise.all([
    api.artist(artistId),
    // Without them the page is whole all the same.
    api.artistTop(artistId).catch(() => ({ items: [] })),
  ]);
  const popular = top.items.map(({ song }) => song);
  remember([...artist.songs, ...popular]);
  return { ...artist, popular };
}

type Artist = Awaited<ReturnType<typeof loadArtist>>;
type Group = readonly [title: TextKey, albums: readonly AlbumView[]];

/** Newest first, by what they are; what others made with the artist on it comes last. */
function discographyOf({ artistId, albums }: Artist): readonly Group[] {
  const newestFirst = albums.toSorted((a, b) => yearOf(b) - yearOf(a));
  const own = newestFirst.filter((album) => album.artists.some((artist) => artist.artistId === artistId));
  const groups: readonly Group[] = [
    ['artist.albums', own.filter(({ type }) => type === 'album')],
    ['artist.singles', own.filter(({ type }) => type === 'single' || type === 'ep')],
    ['artist.compilations', own.filter(({ type }) => type === 'compilation')],
    ['artist.appearsOn', newestFirst.filter((album) => !own.includes(album))],
  ];
  return groups.filter(([, found]) => found.length > 0);
}

const yearOf = (album: AlbumView): number => album.originalYear ?? album.year ?? 0;

export function ArtistPage() {
  const artistId = useRoute().params.artistId ?? '';
  const artist = useLoad(`artist:${artistId}`, () => loadArtist(artistId), [libraryVersion.value]);
  usePageTitle(artist.s === 'ready' ? artist.value.name : t('kind.artist'));
  if (artist.s === 'failed') return <Problem text={artist.text} retry={artist.reload} />;
  if (artist.s === 'loading') return <Skeleton shape="album" />;
  return <ArtistView artist={artist.value} key={artistId} />;
}

function ArtistView({ artist }: { artist: Artist }) {
  const { artistId, name, about, coverId, songs, popular, albumCount, songCount } = artist;
  const [all, setAll] = useState(false);
  const tint = useTint(coverId);
  const context = { type: 'artist', id: artistId } as const;
  return (
    <div class="page" style={tint}>
      <header class="hero artist-hero">
        <Cover coverId={coverId} px={232} title={name} eager />
        <div class="hero-text">
          <p class="kind">{t('kind.artist')}</p>
          <h1>
            <bdi>{name}</bdi>
          </h1>
          <p class="hero-line">
            <span>{t('count.albums', { n: albumCount })}</span>
            <span>{t('count.songs', { n: songCount })}</span>
          </p>
          {about && <p class="about">{about}</p>}
          <div class="hero-buttons">
            <Button tone="primary" icon="play" onClick={() => play({ context, shuffle: false })}>
              {t('action.play')}
            </Button>
            <Button icon="shuffle" onClick={() => play({ context, shuffle: true })}>
              {t('action.shuffle')}
            </Button>
            <IconButton
              icon="more"
              label={t('song.more', { title: name })}
              aria-haspopup="menu"
              onClick={(event) => openMenuAt(event.currentTarget, name, artistMenu(artist, true))}
            />
          </div>
        </div>
      </header>
      {popular.length > 0 && (
        <section class="shelf">
          <h2>{t('artist.top')}</h2>
          <SongList
            songs={popular.slice(0, TOP_SHOWN)}
            played={popular}
            context={context}
            label={t('artist.top')}
          />
        </section>
      )}
      {songs.length > 0 && (
        <section class="shelf">
          <h2>{t('artist.songs')}</h2>
          <SongList
            songs={all ? songs : songs.slice(0, TOP_SHOWN)}
            played={songs}
            context={context}
            label={t('artist.songs')}
          />
          {songs.length > TOP_SHOWN && (
            <Button tone="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? t('action.showLess') : t('action.showAll', { n: songs.length })}
            </Button>
          )}
        </section>
      )}
      {discographyOf(artist).map(([title, albums]) => (
        <Shelf key={title} title={t(title)}>
          {albums.map((album) => (
            <AlbumCard key={album.albumId} album={album} note={String(yearOf(album) || '')} />
          ))}
        </Shelf>
      ))}
    </div>
  );
}
