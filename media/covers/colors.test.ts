// Goal: pages take their colours from covers, and text on them is always readable. Method: any pixels at all,
// and covers whose colours a person can name.
import fc from 'fast-check';
import t from 'tap';
import { type CoverColors, colorsOf, type ThemeColors } from './colors.ts';
import { contrast, labOf, lchOf, type Rgb, rgbOf } from './oklab.ts';

const rgbIn = (hex: string): Rgb => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [r, g, b];
};
const between = (one: string, other: string): number => contrast(rgbIn(one), rgbIn(other));
const hueOf = (hex: string): number => (lchOf(labOf(rgbIn(hex))).h * 180) / Math.PI;
const chromaOf = (hex: string): number => lchOf(labOf(rgbIn(hex))).c;
const lightnessOf = (hex: string): number => labOf(rgbIn(hex))[0];

function assertReadable({ background, foreground, light, dark }: CoverColors): void {
  const atLeast = (least: number, one: string, other: string, what: string): void => {
    for (const hex of [one, other]) if (!/^#[0-9a-f]{6}$/.test(hex)) throw new Error(`${what}: ${hex}`);
    if (between(one, other) < least)
      throw new Error(`${what}: ${one} on ${other} has ${between(one, other)}`);
  };
  const theme = (colors: ThemeColors, name: string): void => {
    atLeast(7, colors.foreground, colors.background, `${name} foreground`);
    atLeast(4.5, colors.muted, colors.background, `${name} muted`);
    atLeast(4.5, colors.accent, colors.background, `${name} accent`);
    atLeast(4.5, colors.onAccent, colors.accent, `${name} onAccent`);
  };
  atLeast(4.5, foreground, background, 'foreground');
  theme(light, 'light');
  theme(dark, 'dark');
  if (lightnessOf(light.background) < 0.9) throw new Error(`${light.background} is no light background`);
  if (lightnessOf(dark.background) > 0.35) throw new Error(`${dark.background} is no dark background`);
}

const channel = fc.integer({ min: 0, max: 255 });
/** Covers of few colours in any shares, as drawn ones are; noise as photographs have it. */
const image = fc
  .array(fc.tuple(channel, channel, channel, fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 6 })
  .map((parts) => Buffer.from(parts.flatMap(([r, g, b, times]) => Array(times).fill([r, g, b]).flat())));

t.test('whatever the cover, text on its colours is readable in both themes', async (t) => {
  fc.assert(
    fc.property(image, (pixels) => assertReadable(colorsOf(pixels, 3))),
    { numRuns: 1500 },
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000 }),
      fc.constantFrom(3 as const, 4 as const),
      (pixels, channels) => assertReadable(colorsOf(pixels, channels)),
    ),
    { numRuns: 500 },
  );
  for (const [r, g, b] of [0, 51, 102, 119, 153, 204, 255].flatMap((r) =>
    [0, 51, 102, 119, 153, 204, 255].flatMap((g) => [0, 51, 102, 119, 153, 204, 255].map((b) => [r, g, b])),
  )) {
    assertReadable(colorsOf(Buffer.from([r ?? 0, g ?? 0, b ?? 0]), 3));
  }
  t.pass();
});

const pixels = (...parts: readonly [rgb: Rgb, times: number][]): Buffer =>
  Buffer.from(parts.flatMap(([rgb, times]) => Array(times).fill(rgb).flat()));

t.test('the hue is the cover’s', async (t) => {
  const red = colorsOf(pixels([[192, 32, 16], 100]), 3);
  t.equal(red.background, '#c02010');
  for (const hex of [red.light.accent, red.dark.accent, red.dark.background]) {
    t.ok(Math.abs(hueOf(hex) - hueOf('#c02010')) < 12, hex);
  }
  t.ok(chromaOf(red.dark.background) > 0.03 && chromaOf(red.dark.background) < 0.08, 'the page is tinted');
});

t.test('a vivid minority is seen, and what stands out from it is the accent', async (t) => {
  const mostlyGrey = colorsOf(pixels([[40, 40, 42], 60], [[20, 90, 220], 40]), 3);
  t.equal(mostlyGrey.background, '#145adc');
  const withAccent = colorsOf(pixels([[20, 60, 160], 90], [[250, 180, 30], 10]), 3);
  t.equal(withAccent.background, '#143ca0');
  t.ok(Math.abs(hueOf(withAccent.dark.accent) - hueOf('#fab41e')) < 15, withAccent.dark.accent);
});

t.test('a grey cover has a grey page, and one that is not seen has a neutral one', async (t) => {
  for (const colors of [
    colorsOf(pixels([[90, 90, 90], 9]), 3),
    colorsOf(Buffer.alloc(400), 4),
    colorsOf(Buffer.alloc(0), 3),
  ]) {
    for (const hex of [colors.background, ...Object.values(colors.light), ...Object.values(colors.dark)]) {
      const [r, g, b] = rgbIn(hex);
      t.ok(Math.max(r, g, b) - Math.min(r, g, b) <= 8, hex);
    }
  }
  t.equal(
    colorsOf(Buffer.from([255, 0, 0, 0, 0, 0, 255, 255]), 4).background,
    '#0000ff',
    'what is transparent is not seen',
  );
});

t.test('the same pixels give the same colours', async (t) => {
  const noise = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 256));
  t.same(colorsOf(noise, 3), colorsOf(Buffer.from(noise), 3));
});

t.test('OKLab goes there and back, and finds what a screen can show', async (t) => {
  fc.assert(
    fc.property(channel, channel, channel, (r, g, b) => {
      const back = rgbOf(lchOf(labOf([r, g, b])));
      return Math.max(Math.abs(back[0] - r), Math.abs(back[1] - g), Math.abs(back[2] - b)) <= 1;
    }),
  );
  t.same(
    labOf([255, 255, 255]).map((v) => Math.round(v * 1000)),
    [1000, 0, -0],
  );
  t.same(rgbOf({ l: 1, c: 0.3, h: 1 }), [255, 255, 255], 'white has no room for chroma');
  t.equal(Math.round(contrast([0, 0, 0], [255, 255, 255])), 21);
});
