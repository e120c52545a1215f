/**
 * Colours as the eye compares them (OKLab, https://bottosson.github.io/posts/oklab/) and as screens show them
 * (sRGB), with the contrast that WCAG measures.
 */

/** Lightness 0 to 1, then green to red, then blue to yellow. */
export type Lab = readonly [l: number, a: number, b: number];

/** Lightness 0 to 1, chroma from 0 (grey) to some 0.32, hue in radians. */
export interface Lch {
  readonly l: number;
  readonly c: number;
  readonly h: number;
}

/** Channels from 0 to 255. */
export type Rgb = readonly [r: number, g: number, b: number];

const CHROMA_STEPS = 12;

const linear = (channel: number): number => {
  const v = channel / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
};
const gamma = (v: number): number => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

export function labOf([red, green, blue]: Rgb): Lab {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

export const lchOf = ([l, a, b]: Lab): Lch => ({ l, c: Math.hypot(a, b), h: Math.atan2(b, a) });

/** Linear channels, below 0 or above 1 where no screen can show the colour. */
function linearOf({ l: lightness, c, h }: Lch): Rgb {
  const [a, b] = [c * Math.cos(h), c * Math.sin(h)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

const isShown = (lch: Lch): boolean => linearOf(lch).every((v) => v >= -1e-4 && v <= 1 + 1e-4);

/** The nearest colour that a screen shows: lightness and hue are kept, and as much chroma as there is room for. */
export function rgbOf({ l, c, h }: Lch): Rgb {
  let shown = { l, c, h };
  if (!isShown(shown)) {
    let [least, most] = [0, c];
    for (let i = 0; i < CHROMA_STEPS; i++) {
      const middle = (least + most) / 2;
      if (isShown({ l, c: middle, h })) least = middle;
      else most = middle;
    }
    shown = { l, c: least, h };
  }
  const [r, g, b] = linearOf(shown).map((v) => Math.round(gamma(Math.min(1, Math.max(0, v))) * 255));
  return [r ?? 0, g ?? 0, b ?? 0];
}

export const hexOf = (rgb: Rgb): string =>
  `#${rgb.map((channel) => Math.round(channel).toString(16).padStart(2, '0')).join('')}`;

/** Relative luminance, WCAG 2.2. */
const luminance = ([r, g, b]: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

/** 1 to 21, WCAG 2.2. */
export function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
