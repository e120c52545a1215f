import { t } from '../texts/texts.ts';
import { Cover } from './cover.tsx';

interface Genre {
  readonly name: string;
  readonly songCount: number;
  readonly coverId?: string;
}

const TURN_DEG = 360;

/** The same name has the same colour everywhere, always. */
export function hueOf(name: string): number {
  let hue = 0;
  for (const letter of name) hue = (hue * 31 + (letter.codePointAt(0) ?? 0)) % TURN_DEG;
  return hue;
}

export const GenreTiles = ({ genres }: { genres: readonly Genre[] }) => (
  <ul class="tiles">
    {genres.map(({ name, songCount, coverId }) => (
      <li key={name}>
        <a class="tile" href={`/genres/${encodeURIComponent(name)}`} style={{ '--hue': hueOf(name) }}>
          <bdi>{name}</bdi>
          <small>{t('count.songs', { n: songCount })}</small>
          {coverId && <Cover coverId={coverId} px={96} />}
        </a>
      </li>
    ))}
  </ul>
);

interface Decade {
  readonly decade: number;
  readonly albumCount: number;
}

export const DecadeTiles = ({ decades }: { decades: readonly Decade[] }) => (
  <ul class="tiles">
    {decades.map(({ decade, albumCount }) => {
      const title = t('decade.title', { decade: String(decade) });
      return (
        <li key={decade}>
          <a class="tile" href={`/decades/${decade}`} style={{ '--hue': hueOf(title) }}>
            {title}
            <small>{t('count.albums', { n: albumCount })}</small>
          </a>
        </li>
      );
    })}
  </ul>
);
