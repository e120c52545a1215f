import { useRoute } from 'preact-iso';
import type { SongView } from '../../../actors/catalog/contract.ts';
import { api } from '../api/api.ts';
import { libraryVersion, remember } from '../state/library.ts';
import { currentSong, isPlaying } from '../state/now.ts';
import { play, toggle } from '../state/player.ts';
import { t } from '../texts/texts.ts';
import { Cover } from '../ui/cover.tsx';
import { day, roughDuration } from '../ui/format.ts';
import { albumMenu } from '../ui/menus.ts';
import { Button, IconButton } from '../ui/parts/button.tsx';
import { openMenuAt } from '../ui/parts/menu.tsx';
import { Problem, Skeleton } from '../ui/parts/states.tsx';
import { usePageTitle } from '../ui/shell/navigated.ts';
import { ArtistLinks, SongList } from '../ui/song-list.tsx';
import { useTint } from '../ui/tint.ts';
import { useLoad } from '../ui/use-load.ts';

async function loadAlbum(albumId: string) {
  const album = await api.album(albumId);
  remember(album.songs);
  return album;
}

type Album = Awaited<ReturnType<typeof loadAlbum>>;

/** The songs of each disc; a single disc has no heading. */
function discsOf(songs: readonly SongView[]): (readonly [disc: number, songs: SongView[]])[] {
  const discs = Map.groupBy(songs, (song) => song.discNumber);
  return [...discs].sort(([a], [b]) => a - b);
}

/** What all songs of the album lie on disk as. */
function formatOf(songs: readonly SongView[]): { text: string; lossless: boolean } | undefined {
  const originals = songs.flatMap((song) => song.original ?? []);
  const [first] = originals;
  if (!first || originals.length < songs.length) return undefined;
  if (originals.some((other) => other.format !== first.format)) return undefined;
  const { format, lossless, bitDepth, sampleRateHz } = first;
  const khz = `${sampleRateHz / 1000} kHz`;
  const kbps = Math.round(originals.reduce((sum, { kbps }) => sum + kbps, 0) / originals.length);
  const detail = lossless ? [bitDepth && `${bitDepth} bit`, khz] : [`${kbps} kbit/s`];
  return { text: [format.toUpperCase(), ...detail].filter(Boolean).join(' · '), lossless };
}

export function AlbumPage() {
  const albumId = useRoute().params.albumId ?? '';
  const album = useLoad(`album:${albumId}`, () => loadAlbum(albumId), [libraryVersion.value]);
  usePageTitle(album.s === 'ready' ? album.value.title : t('kind.album'));
  if (album.s === 'failed') return <Problem text={album.text} retry={album.reload} />;
  if (album.s === 'loading') return <Skeleton shape="album" />;
  return <AlbumView album={album.value} />;
}

function AlbumView({ album }: { album: Album }) {
  const { albumId, title, artists, coverId, year, originalYear, label, songs, durationMs, type } = album;
  const tint = useTint(coverId);
  const context = { type: 'album', id: albumId } as const;
  const discs = discsOf(songs);
  const format = formatOf(songs);
  const isHere = currentSong.value?.album.albumId === albumId;
  const sounds = isHere && isPlaying.value;
  const released = album.releasedAtMs ? day(album.releasedAtMs) : year;
  const edition = originalYear && year && originalYear !== year;
  return (
    <div class="page" style={tint}>
      <header class="hero">
        <Cover coverId={coverId} px={264} title={t('album.coverOf', { title })} eager />
        <div class="hero-text">
          <p class="kind">
            {t(`kind.${type}`)}
            {format && <span class={`format ${format.lossless ? 'lossless' : ''}`}>{format.text}</span>}
          </p>
          <h1>
            <bdi>{title}</bdi>
          </h1>
          <p class="hero-line">
            <strong>
              <ArtistLinks artists={artists} />
            </strong>
            <span>
              {edition ? t('album.edition', { original: String(originalYear), year: String(year) }) : year}
            </span>
            <span>{t('count.songs', { n: songs.length })}</span>
            <span>{roughDuration(durationMs)}</span>
          </p>
          <div class="hero-buttons">
            <Button
              tone="primary"
              icon={sounds ? 'pause' : 'play'}
              onClick={() => (isHere ? toggle() : play({ context, shuffle: false }))}
            >
              {sounds ? t('action.pause') : t('action.play')}
            </Button>
            <Button icon="shuffle" onClick={() => play({ context, shuffle: true })}>
              {t('action.shuffle')}
            </Button>
            <IconButton
              icon="more"
              label={t('song.more', { title })}
              aria-haspopup="menu"
              onClick={(event) => openMenuAt(event.currentTarget, title, albumMenu(album))}
            />
          </div>
        </div>
      </header>
      {discs.map(([disc, ofDisc]) => {
        const name = album.discTitles?.[String(disc)];
        const heading = name ? t('album.discTitled', { disc, name }) : t('album.disc', { disc });
        return (
          <section key={disc} class="disc">
            {(discs.length > 1 || name) && <h2>{heading}</h2>}
            <SongList songs={ofDisc} context={context} label={heading} numbered played={songs} />
          </section>
        );
      })}
      <footer class="fine album-foot">
        {released && <p>{t('album.released', { when: String(released) })}</p>}
        {label && <p>© {label}</p>}
      </footer>
    </div>
  );
}
