import { Icon } from './icons.tsx';

const SIZES = [96, 300, 640] as const;

interface CoverProps {
  readonly coverId: string | undefined;
  readonly px: number;
  readonly title?: string;
  /** Shown at once: it is what the page is about. */
  readonly eager?: boolean;
}

/** A cover at the smallest size that is sharp at `px` CSS pixels; a drawn note where there is none. */
export function Cover({ coverId, px, title = '', eager = false }: CoverProps) {
  if (!coverId) {
    return (
      <div class="cover cover-none" {...(title && { role: 'img', 'aria-label': title })}>
        <Icon name="note" size={Math.max(18, px / 4)} />
      </div>
    );
  }
  const at = (size: number) => `/c/${coverId}/${size}.webp`;
  return (
    <img
      class="cover"
      src={at(SIZES.find((size) => size >= px) ?? 640)}
      srcset={SIZES.map((size) => `${at(size)} ${size}w`).join(', ')}
      sizes={`${px}px`}
      width={px}
      height={px}
      alt={title}
      loading={eager ? 'eager' : 'lazy'}
      decoding="async"
    />
  );
}
