import { t } from '../texts/texts.ts';

interface Genre {
  readonly name: string;
  readonly songCount: number;
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
    {genres.map(({ name, songCount }) => (
      <li key={name}>
        <a class="tile" href={`/genres/${encodeURIComponent(name)}`} style={{ '--hue': hueOf(name) }}>
          <bdi>{name}</bdi>
          <small>{t('count.songs', { n: songCount })}</small>
        </a>
      </li>
    ))}
  </ul>
);
