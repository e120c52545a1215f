import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icons.tsx';

const SIZES = [96, 300, 640] as const;
/** For the cover that fills a screen; a card on a dense one does without. */
const SIZES_OF_LARGE = [...SIZES, 1280] as const;
const LARGE_PX = 320;
/** A cover that is asked for the first time may have to wait its turn: a second request finds it made. */
const AGAIN_AFTER_MS = 3000;

interface CoverProps {
  readonly coverId: string | undefined;
  readonly px: number;
  readonly title?: string;
  /** Shown at once: it is what the page is about. */
  readonly eager?: boolean;
  /** How wide it is where that depends on the window, as CSS tells it. */
  readonly sizes?: string;
}

/** A cover at the smallest size that is sharp at `px` CSS pixels; a drawn note where there is none. */
export const Cover = ({ coverId, ...shown }: CoverProps) =>
  coverId ? <CoverImage key={coverId} coverId={coverId} {...shown} /> : <NoCover {...shown} />;

function CoverImage({ coverId, ...shown }: CoverProps & { readonly coverId: string }) {
  const [state, setState] = useState<'first' | 'waiting' | 'again' | 'missing'>('first');
  useEffect(() => {
    if (state !== 'waiting') return undefined;
    const timer = setTimeout(() => setState('again'), AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [state]);
  if (state === 'waiting' || state === 'missing') return <NoCover {...shown} />;
  const { px, title = '', eager = false, sizes: width = `${px}px` } = shown;
  const sizes = px > LARGE_PX ? SIZES_OF_LARGE : SIZES;
  const at = (size: number) => `/c/${coverId}/${size}.webp`;
  return (
    <img
      class="cover"
      src={at(sizes.find((size) => size >= px) ?? 640)}
      srcset={sizes.map((size) => `${at(size)} ${size}w`).join(', ')}
      sizes={width}
      width={px}
      height={px}
      alt={title}
      loading={eager ? 'eager' : 'lazy'}
      decoding="async"
      onError={() => setState(state === 'first' ? 'waiting' : 'missing')}
    />
  );
}

const NoCover = ({ px, title = '' }: Pick<CoverProps, 'px' | 'title'>) => (
  <div class="cover cover-none" {...(title && { role: 'img', 'aria-label': title })}>
    <Icon name="note" size={Math.max(18, px / 4)} />
  </div>
);
