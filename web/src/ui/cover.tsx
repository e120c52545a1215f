const SIZES = [96, 300, 640] as const;

/** A cover at the smallest size that is sharp at `px` CSS pixels; a drawn note where there is none. */
export function Cover({
  coverId,
  px,
  title = '',
}: {
  coverId: string | undefined;
  px: number;
  title?: string;
}) {
  if (!coverId) return <div class="cover cover-none" {...(title && { role: 'img', 'aria-label': title })} />;
  const at = (size: number) => `/c/${coverId}/${size}.webp`;
  return (
    <img
      class="cover"
      src={at(SIZES.find((size) => size >= px) ?? 640)}
      srcset={SIZES.map((size) => `${at(size)} ${size}w`).join(', ')}
      sizes={`${px}px`}
      alt={title}
      loading="lazy"
      decoding="async"
    />
  );
}
