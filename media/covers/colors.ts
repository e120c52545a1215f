/**
 * Colours that a page takes from a cover, made so that text is always readable.
 *
 * The hue is the cover's; lightness and chroma are what each theme has room for. A background is moved into the
 * theme's range of lightness; what stands on it begins at a pleasant lightness and moves away from the
 * background until its contrast is enough. Contrast is measured on the very colours that are given out.
 */
import { contrast, hexOf, type Lch, type Rgb, rgbOf } from './oklab.ts';
import { paletteOf } from './palette.ts';

/** Each `#rrggbb`. */
export interface ThemeColors {
  readonly background: string;
  /** Text on the background: 7 to 1 (WCAG AAA). */
  readonly foreground: string;
  /** Lesser text on the background: 4.5 to 1 (WCAG AA). */
  readonly muted: string;
  /** Links and buttons on the background: 4.5 to 1. */
  readonly accent: string;
  /** Text on what is filled with the accent: 4.5 to 1. */
  readonly onAccent: string;
}

/** What `/c/<coverId>/colors.json` says. */
export interface CoverColors {
  /** What the cover is seen as, at its own lightness. */
  readonly background: string;
  /** Text on it: 4.5 to 1. */
  readonly foreground: string;
  readonly light: ThemeColors;
  readonly dark: ThemeColors;
}

const TEXT_CONTRAST = 7;
const CONTRAST = 4.5;
const LIGHTNESS_STEP = 0.01;
const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

interface Theme {
  readonly background: { readonly lMin: number; readonly lMax: number; readonly cMax: number };
  /** Lightness that text and accents begin with, and where they go from there. */
  readonly foregroundL: number;
  readonly mutedL: number;
  readonly accent: { readonly lMin: number; readonly lMax: number };
  readonly step: number;
}

const DARK: Theme = {
  background: { lMin: 0.19, lMax: 0.3, cMax: 0.07 },
  foregroundL: 0.96,
  mutedL: 0.75,
  accent: { lMin: 0.7, lMax: 0.86 },
  step: LIGHTNESS_STEP,
};
const LIGHT: Theme = {
  background: { lMin: 0.93, lMax: 0.97, cMax: 0.035 },
  foregroundL: 0.24,
  mutedL: 0.5,
  accent: { lMin: 0.36, lMax: 0.52 },
  step: -LIGHTNESS_STEP,
};
const DARKEST_TEXT_L = 0.2;
const LIGHTEST_TEXT_L = 0.97;
const FOREGROUND_CHROMA_MAX = 0.02;
const MUTED_CHROMA_MAX = 0.035;
const ACCENT_CHROMA_MAX = 0.17;

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));

/** @param pixels with 3 channels, or 4 of which the last is opacity */
export function colorsOf(pixels: Uint8Array, channels: 3 | 4): CoverColors {
  const { main, accent } = paletteOf(pixels, channels);
  const background = rgbOf(main);
  const theme = (chosen: Theme): ThemeColors => themeColors(main, accent, chosen);
  return {
    background: hexOf(background),
    foreground: hexOf(textOn(background, main)),
    light: theme(LIGHT),
    dark: theme(DARK),
  };
}

function themeColors(main: Lch, vivid: Lch, theme: Theme): ThemeColors {
  const { lMin, lMax, cMax } = theme.background;
  const { step } = theme;
  const background = rgbOf({ l: within(main.l, lMin, lMax), c: Math.min(main.c, cMax), h: main.h });
  const on = (l: number, from: Lch, cMost: number, least: number): Rgb =>
    readable({ l, c: Math.min(from.c, cMost), h: from.h }, background, least, step);
  const accentL = within(vivid.l, theme.accent.lMin, theme.accent.lMax);
  const accent = on(accentL, vivid, ACCENT_CHROMA_MAX, CONTRAST);
  return {
    background: hexOf(background),
    foreground: hexOf(on(theme.foregroundL, main, FOREGROUND_CHROMA_MAX, TEXT_CONTRAST)),
    muted: hexOf(on(theme.mutedL, main, MUTED_CHROMA_MAX, CONTRAST)),
    accent: hexOf(accent),
    onAccent: hexOf(textOn(accent, vivid)),
  };
}

/** Tinted text on any colour: dark or light, whichever is read better. */
function textOn(background: Rgb, { c, h }: Lch): Rgb {
  const isLight = contrast(BLACK, background) > contrast(WHITE, background);
  const text: Lch = {
    l: isLight ? DARKEST_TEXT_L : LIGHTEST_TEXT_L,
    c: Math.min(c, FOREGROUND_CHROMA_MAX),
    h,
  };
  return readable(text, background, CONTRAST, isLight ? -LIGHTNESS_STEP : LIGHTNESS_STEP);
}

/** The colour moved by steps of lightness until its contrast is enough; at the end it is black or white. */
function readable({ l, c, h }: Lch, background: Rgb, least: number, step: number): Rgb {
  for (let at = l; at > 0 && at < 1; at += step) {
    const rgb = rgbOf({ l: at, c, h });
    if (contrast(rgb, background) >= least) return rgb;
  }
  return step > 0 ? WHITE : BLACK;
}
