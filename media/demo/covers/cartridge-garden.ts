import { between, pick, seeded } from '../synth/random.ts';
import { gradient, svg } from './svg.ts';

const PIXEL = 20;
const WIDE = 50;
const SKY = ['#1b1347', '#2a1c66', '#3f2a8c', '#5c3bb0', '#7f52cc', '#a970d9', '#d695dd', '#f7bfd0'];
/** Ordered dithering, as consoles with few colours did it. */
const BAYER = [
  [0, 8, 2, 10],
  [12, 4, 14, 6],
  [3, 11, 1, 9],
  [15, 7, 13, 5],
];
const FLOWERS = ['#ff5470', '#ffd23f', '#3fe0d0', '#ff8fe0', '#fff6d8'];

/** A garden of a console's few colours, under a wren that minds it. */
export function cartridgeGardenCover(seed: string): string {
  const random = seeded(seed, 'cartridge-garden');
  const grid: string[][] = [];
  for (let y = 0; y < WIDE; y++) {
    grid.push(
      Array.from({ length: WIDE }, (_, x) => {
        const level = (y / 37) * (SKY.length - 1);
        const threshold = ((BAYER[y % 4]?.[x % 4] ?? 0) + 0.5) / 16;
        return SKY[Math.min(SKY.length - 1, Math.floor(level + threshold))] ?? '#000';
      }),
    );
  }
  const put = (x: number, y: number, color: string): void => {
    const row = grid[y];
    if (row && x >= 0 && x < WIDE) row[x] = color;
  };
  const disc = (cx: number, cy: number, r: number, color: string): void => {
    for (let y = -r; y <= r; y++)
      for (let x = -r; x <= r; x++) if (x * x + y * y <= r * r + r * 0.6) put(cx + x, cy + y, color);
  };
  for (let i = 0; i < 26; i++)
    put(Math.floor(random.next() * WIDE), Math.floor(random.next() ** 1.5 * 22), '#fff3ff');
  disc(37, 13, 7, '#ffe9a8');
  disc(35, 11, 5, '#fff7d6');
  for (const [x, y] of [
    [40, 10],
    [38, 16],
    [34, 15],
  ] as const)
    put(x, y, '#f2cf86');
  for (let x = 0; x < WIDE; x++) {
    const hill = Math.round(32 + 3 * Math.sin(x / 6) + 2 * Math.sin(x / 2.7 + 2));
    for (let y = hill; y < WIDE; y++) put(x, y, (x + y) % 2 === 0 && y < hill + 3 ? '#3d9a62' : '#2b7a55');
    const ground = Math.round(39 + 1.5 * Math.sin(x / 4 + 1));
    for (let y = ground; y < WIDE; y++)
      put(
        x,
        y,
        y === ground
          ? '#8fe36b'
          : y < ground + 2
            ? '#57c257'
            : (x * 7 + y * 3) % 11 === 0
              ? '#6b4a2f'
              : '#4a3124',
      );
  }
  for (let x = 2; x < WIDE - 1; x += 4) {
    const height = Math.floor(between(random, 4, 12));
    const color = pick(random, FLOWERS);
    const foot = 40;
    for (let i = 0; i < height; i++) put(x, foot - i, '#1f5c3a');
    put(x + 1, foot - 2, '#57c257');
    put(x - 1, foot - 4, '#57c257');
    const top = foot - height;
    for (const [dx, dy] of [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ] as const)
      put(x + dx, top + dy, color);
    put(x, top, color === '#ffd23f' ? '#b3542e' : '#ffd23f');
  }
  const WREN = [
    '.....kk......',
    '....kbbkk....',
    '...kbbbbbk...',
    '..kbbwbbbbk..',
    'ookbbkwbbbbk.',
    '..kbbbbbbbdkk',
    '..kccbbbbdddk',
    '..kcccbbdddk.',
    '...kcccdddk..',
    '....kkkkkk...',
    '.....y..y....',
  ];
  const INKS: Readonly<Record<string, string>> = {
    k: '#1b1030',
    b: '#c9803f',
    w: '#fff6e0',
    o: '#ffb52e',
    d: '#8a4f2a',
    c: '#ffe0b0',
    y: '#ffb52e',
  };
  for (const [y, row] of WREN.entries()) {
    for (const [x, ink] of [...row].entries()) {
      const color = INKS[ink];
      if (!color) continue;
      for (const [dx, dy] of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ] as const)
        put(10 + x * 2 + dx, 11 + y * 2 + dy, color);
    }
  }
  const pixels = grid.flatMap((row, y) =>
    row.map(
      (color, x) =>
        `<rect x="${x * PIXEL}" y="${y * PIXEL}" width="${PIXEL + 0.5}" height="${PIXEL + 0.5}" fill="${color}"/>`,
    ),
  );
  const scanlines = Array.from(
    { length: 100 },
    (_, i) => `<rect y="${i * 10}" width="1000" height="3" fill="#000" opacity="0.1"/>`,
  );
  const defs = gradient(
    'vignette',
    [
      [0, '#000', 0],
      [0.72, '#000', 0],
      [1, '#0a0520', 0.5],
    ],
    true,
  ).replace('<radialGradient', '<radialGradient r="0.72"');
  return svg(
    defs,
    `<g shape-rendering="crispEdges">${pixels.join('')}</g>${scanlines.join('')}<rect width="1000" height="1000" fill="url(#vignette)"/>`,
    0.08,
  );
}
