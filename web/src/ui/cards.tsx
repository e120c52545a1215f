import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AlbumView, ArtistView } from '../../../actors/catalog/contract.ts';
import { play } from '../state/player.ts';
import { t } from '../texts/texts.ts';
import { Cover } from './cover.tsx';
import { Icon } from './icons.tsx';
import { albumMenu, artistMenu } from './menus.ts';
import { IconButton } from './parts/button.tsx';
import { type MenuItem, menuOf, openMenuAt } from './parts/menu.tsx';

interface ShelfProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** The page with all of it. */
  readonly href?: string;
}

/** A row of cards that scrolls sideways, by finger, wheel, keys or the buttons at its head. */
export function Shelf({ title, children, href }: ShelfProps) {
  const row = useRef<HTMLDivElement>(null);
  const [turns, setTurns] = useState(false);
  useLayoutEffect(() => {
    const box = row.current;
    if (!box) return;
    const look = () => setTurns(box.scrollWidth > box.clientWidth + 1);
    look();
    const resized = new ResizeObserver(look);
    resized.observe(box);
    return () => resized.disconnect();
  }, [children]);
  const turn = (direction: 1 | -1) => {
    const isRtl = document.documentElement.dir === 'rtl' ? -1 : 1;
    row.current?.scrollBy({ left: direction * isRtl * row.current.clientWidth * 0.85, behavior: 'smooth' });
  };
  return (
    <section class="shelf">
      <header class="shelf-head">
        <h2>{href ? <a href={href}>{title}</a> : title}</h2>
        <div class="shelf-turn" aria-hidden="true" hidden={!turns}>
          <IconButton
            icon="chevronLeft"
            size={18}
            label={t('action.back')}
            tabIndex={-1}
            onClick={() => turn(-1)}
          />
          <IconButton
            icon="chevronRight"
            size={18}
            label={t('action.forward')}
            tabIndex={-1}
            onClick={() => turn(1)}
          />
        </div>
      </header>
      <div class="cards" ref={row}>
        {children}
      </div>
    </section>
  );
}

interface CardProps {
  readonly href: string;
  readonly title: string;
  readonly coverId: string | undefined;
  readonly menu: () => readonly MenuItem[];
  readonly start: () => unknown;
  readonly children: ComponentChildren;
  readonly kind?: string;
}

function Card({ href, title, coverId, menu, start, children, kind = '' }: CardProps) {
  return (
    <article class={`card ${kind}`} {...menuOf(title, menu)}>
      <div class="card-cover">
        <Cover coverId={coverId} px={220} />
        <button type="button" class="card-play" aria-label={t('song.play', { title })} onClick={start}>
          <Icon name="play" size={22} />
        </button>
        <IconButton
          icon="more"
          size={18}
          class="card-more"
          label={t('song.more', { title })}
          aria-haspopup="menu"
          tabIndex={-1}
          onClick={(event) => openMenuAt(event.currentTarget, title, menu())}
        />
      </div>
      <p class="card-title">
        <a class="card-link" href={href}>
          <bdi>{title}</bdi>
        </a>
      </p>
      <p>{children}</p>
    </article>
  );
}

export const AlbumCard = ({ album, note }: { album: AlbumView; note?: string }) => (
  <Card
    href={`/albums/${album.albumId}`}
    title={album.title}
    coverId={album.coverId}
    menu={() => albumMenu(album)}
    start={() => play({ context: { type: 'album', id: album.albumId } })}
  >
    {note ?? <bdi>{album.artists.map((artist) => artist.name).join(', ')}</bdi>}
  </Card>
);

export const ArtistCard = ({ artist }: { artist: ArtistView }) => (
  <Card
    kind="artist-card"
    href={`/artists/${artist.artistId}`}
    title={artist.name}
    coverId={artist.coverId}
    menu={() => artistMenu(artist)}
    start={() => play({ context: { type: 'artist', id: artist.artistId } })}
  >
    {artist.genres.slice(0, 2).join(', ') || t('kind.artist')}
  </Card>
);
