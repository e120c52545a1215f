/** The names of covers in the object store. */
export const COVER_SIZES_PX = [96, 300, 640, 1280] as const;
export type CoverSizePx = (typeof COVER_SIZES_PX)[number];

export const coverKey = (coverId: string, sizePx: CoverSizePx): string => `covers/${coverId}/${sizePx}.webp`;
export const coverColorsKey = (coverId: string): string => `covers/${coverId}/colors.json`;
