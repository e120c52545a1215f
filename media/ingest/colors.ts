/** Two colours of an image that stand apart: the commonest, and the commonest of those unlike it. */

type Rgb = readonly [number, number, number];

/** A step of this many bits a channel groups what looks alike. */
const BUCKET_BITS = 4;
/** Euclidean distance in RGB from which two colours are told apart at a glance. */
const APART = 90;

/** @param pixels 3 bytes a pixel, RGB */
export function twoColors(pixels: Uint8Array): [background: string, foreground: string] {
  const buckets = new Map<number, { count: number; sum: [number, number, number] }>();
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const [r, g, b] = [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
    const shift = 8 - BUCKET_BITS;
    const key = ((r >> shift) << (2 * BUCKET_BITS)) | ((g >> shift) << BUCKET_BITS) | (b >> shift);
    const bucket = buckets.get(key) ?? { count: 0, sum: [0, 0, 0] };
    bucket.count += 1;
    bucket.sum[0] += r;
    bucket.sum[1] += g;
    bucket.sum[2] += b;
    buckets.set(key, bucket);
  }
  const colors = [...buckets.values()]
    .sort((a, b) => b.count - a.count)
    .map(({ count, sum }): Rgb => [sum[0] / count, sum[1] / count, sum[2] / count]);
  const background = colors[0] ?? [0, 0, 0];
  const foreground = colors.find((color) => distance(color, background) >= APART) ?? contrastOf(background);
  return [css(background), css(foreground)];
}

const distance = (a: Rgb, b: Rgb): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

const contrastOf = ([r, g, b]: Rgb): Rgb => (r + g + b > 384 ? [16, 16, 16] : [240, 240, 240]);

const css = (color: Rgb): string =>
  `#${color.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;
