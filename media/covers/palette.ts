/** What colours an image is made of: its pixels in some six groups that look alike. */
import { type Lab, type Lch, labOf, lchOf } from './oklab.ts';

export interface Palette {
  /** What the image is seen as: the group with the most pixels, where a vivid pixel counts for up to three grey ones. */
  readonly main: Lch;
  /** The colour that stands out from it: vivid, and far from the main one; that one again if there is none. */
  readonly accent: Lch;
}

interface Group {
  readonly lab: Lab;
  /** Of all pixels, 0 to 1. */
  readonly share: number;
}

const GROUPS = 6;
const ROUNDS = 4;
/** Bits a channel: what a step apart is one colour to begin with, so that the rest is not done for each pixel. */
const BUCKET_BITS = 4;
/** Less opaque than this is not seen. */
const ALPHA_MIN = 128;
const VIVID_CHROMA = 0.15;
const ACCENT_CHROMA_MIN = 0.04;
const ACCENT_DISTANCE_MIN = 0.1;
const ACCENT_SHARE_MIN = 0.002;
const NEUTRAL: Lch = { l: 0.5, c: 0, h: 0 };

/** @param pixels with 3 channels, or 4 of which the last is opacity */
export function paletteOf(pixels: Uint8Array, channels: 3 | 4): Palette {
  const groups = groupsOf(bucketsOf(pixels, channels));
  const vivid = ({ lab, share }: Group): number => share * (1 + 2 * Math.min(1, lchOf(lab).c / VIVID_CHROMA));
  const main = best(groups, vivid);
  if (!main) return { main: NEUTRAL, accent: NEUTRAL };
  const others = groups.filter(
    ({ lab, share }) =>
      lchOf(lab).c >= ACCENT_CHROMA_MIN &&
      share >= ACCENT_SHARE_MIN &&
      distance(lab, main.lab) >= ACCENT_DISTANCE_MIN,
  );
  const accent = best(others, ({ lab, share }) => Math.sqrt(share) * lchOf(lab).c * distance(lab, main.lab));
  return { main: lchOf(main.lab), accent: lchOf((accent ?? main).lab) };
}

const distance = (one: Lab, other: Lab): number => Math.sqrt(squaredDistance(one, other));

/** Without the root and without `Math.hypot`, which takes ten times as long: it is asked for some ten thousand times. */
function squaredDistance(one: Lab, other: Lab): number {
  const [l, a, b] = [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
  return l * l + a * a + b * b;
}

function best(groups: readonly Group[], worth: (group: Group) => number): Group | undefined {
  return groups.reduce<Group | undefined>(
    (first, group) => (first && worth(first) >= worth(group) ? first : group),
    undefined,
  );
}

function bucketsOf(pixels: Uint8Array, channels: 3 | 4): Group[] {
  const shift = 8 - BUCKET_BITS;
  const size = 1 << (3 * BUCKET_BITS);
  const counts = new Uint32Array(size);
  const sums = new Uint32Array(size * 3);
  let seen = 0;
  for (let at = 0; at + channels <= pixels.length; at += channels) {
    if (channels === 4 && (pixels[at + 3] as number) < ALPHA_MIN) continue;
    const [r, g, b] = [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number];
    const bucket = ((r >> shift) << (2 * BUCKET_BITS)) | ((g >> shift) << BUCKET_BITS) | (b >> shift);
    add(counts, bucket, 1);
    add(sums, bucket * 3, r);
    add(sums, bucket * 3 + 1, g);
    add(sums, bucket * 3 + 2, b);
    seen += 1;
  }
  const groups: Group[] = [];
  for (let bucket = 0; bucket < size; bucket++) {
    const count = counts[bucket] as number;
    if (count === 0) continue;
    const mean = (channel: number): number => (sums[bucket * 3 + channel] as number) / count;
    groups.push({ lab: labOf([mean(0), mean(1), mean(2)]), share: count / seen });
  }
  return groups;
}

function add(to: Uint32Array, at: number, by: number): void {
  to[at] = (to[at] as number) + by;
}

/** k-means; each group begins at the bucket that those before it stand for worst, so that no chance is in it. */
function groupsOf(buckets: readonly Group[]): Group[] {
  const error = buckets.map(() => 1);
  let centres: Lab[] = [];
  for (let k = 0; k < GROUPS; k++) {
    let worst = -1;
    for (const [i, { share }] of buckets.entries()) {
      const weight = share * (error[i] as number);
      if (weight > 0 && (worst < 0 || weight > (buckets[worst] as Group).share * (error[worst] as number)))
        worst = i;
    }
    if (worst < 0) break;
    const centre = (buckets[worst] as Group).lab;
    centres.push(centre);
    for (const [i, { lab }] of buckets.entries()) {
      error[i] = Math.min(error[i] as number, squaredDistance(lab, centre));
    }
  }
  let groups: Group[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    groups = gathered(buckets, centres);
    centres = groups.map(({ lab }) => lab);
  }
  return groups;
}

function gathered(buckets: readonly Group[], centres: readonly Lab[]): Group[] {
  const sums = centres.map(() => [0, 0, 0, 0] as [number, number, number, number]);
  for (const { lab, share } of buckets) {
    let [nearest, least] = [0, Number.POSITIVE_INFINITY];
    for (const [i, centre] of centres.entries()) {
      const apart = squaredDistance(lab, centre);
      if (apart < least) [nearest, least] = [i, apart];
    }
    const sum = sums[nearest] as [number, number, number, number];
    sum[0] += lab[0] * share;
    sum[1] += lab[1] * share;
    sum[2] += lab[2] * share;
    sum[3] += share;
  }
  return sums
    .filter(([, , , share]) => share > 0)
    .map(([l, a, b, share]) => ({ lab: [l / share, a / share, b / share], share }));
}
