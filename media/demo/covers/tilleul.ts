import { between, pick, seeded } from '../synth/random.ts';
import { gradient, n, svg } from './svg.ts';

const LEAVES = ['#e9b44c', '#d98e32', '#f0cf7a', '#b5651d', '#8f9b4a', '#c7b256'];

/** A linden in the ornament of painted farm furniture: everything turns around the trunk, as dancers do. */
export function tilleulCover(seed: string): string {
  const random = seeded(seed, 'tilleul');
  const defs = [
    gradient('ground', [
      [0, '#16384a'],
      [0.6, '#1d4a55'],
      [1, '#123040'],
    ]),
    gradient(
      'moon',
      [
        [0, '#fff4d2', 0.9],
        [0.6, '#f7d98b', 0.28],
        [1, '#f7d98b', 0],
      ],
      true,
    ),
  ].join('');
  const leaf = (x: number, y: number, angle: number, size: number, color: string): string =>
    `<g transform="translate(${n(x)} ${n(y)}) rotate(${n(angle)}) scale(${n(size * 10)})"><path d="M0 0C0.9 -1.5 1.9 -1.6 2.9 -0.1C1.9 1.4 0.8 1.4 0 0Z" transform="scale(1)" fill="${color}"/><path d="M0.2 0L2.5 -0.1" stroke="#7a4a1a" stroke-width="0.09" opacity="0.5"/></g>`;
  const crown: string[] = [];
  for (let ring = 0; ring < 9; ring++) {
    const count = 10 + ring * 6;
    for (let i = 0; i < count; i++) {
      const angle = (i / count) * 360 + ring * 9 + between(random, -4, 4);
      const r = 46 + ring * 30 + between(random, -8, 8);
      const x = 500 + r * Math.cos((angle * Math.PI) / 180);
      const y = 400 + r * 0.94 * Math.sin((angle * Math.PI) / 180);
      crown.push(leaf(x, y, angle + between(random, -24, 24), between(random, 1, 1.5), pick(random, LEAVES)));
    }
  }
  const blossoms = Array.from({ length: 30 }, () => {
    const angle = random.next() * Math.PI * 2;
    const r = 270 * Math.sqrt(random.next());
    const [x, y] = [500 + r * Math.cos(angle), 400 + r * 0.92 * Math.sin(angle)];
    const petals = Array.from({ length: 5 }, (_, p) => {
      const at = (p / 5) * Math.PI * 2;
      return `<circle cx="${n(x + 8 * Math.cos(at))}" cy="${n(y + 8 * Math.sin(at))}" r="6" fill="#fff7e3"/>`;
    }).join('');
    return `${petals}<circle cx="${n(x)}" cy="${n(y)}" r="5" fill="#d2572f"/>`;
  }).join('');
  const trunk =
    '<path d="M484 700C482 640 470 590 430 540M516 690C520 630 534 580 572 520M500 700V560" stroke="#5b3420" stroke-width="20" fill="none" stroke-linecap="round"/><path d="M446 916C484 850 482 760 484 640H516C518 760 516 850 554 916Q500 900 446 916Z" fill="#6d4028"/>';
  const border = Array.from({ length: 40 }, (_, i) => {
    const side = Math.floor(i / 10);
    const at = 95 + (i % 10) * 90;
    const [x, y] = [
      [at, 46],
      [954, at],
      [at, 954],
      [46, at],
    ][side] ?? [0, 0];
    return `<g transform="translate(${x} ${y}) rotate(${side * 90})"><path d="M0 -17C12 -8 12 8 0 17C-12 8 -12 -8 0 -17Z" fill="${i % 2 ? '#e9b44c' : '#d2572f'}"/><circle cx="-45" r="5" fill="#fff0cf"/></g>`;
  }).join('');
  const dancers = Array.from({ length: 7 }, (_, i) => {
    const x = 175 + i * 108;
    const y = 868 - 26 * Math.sin((i / 6) * Math.PI);
    const color = ['#d2572f', '#f0cf7a', '#c94f6d', '#fff0cf', '#6fa8a0', '#e9b44c', '#d2572f'][i];
    const tilt = i % 2 ? 8 : -8;
    return `<g transform="translate(${x} ${n(y)}) rotate(${tilt})"><path d="M-58 -40Q0 -64 58 -40" stroke="${color}" stroke-width="7" fill="none" stroke-linecap="round"/><path d="M0 -58L34 34Q0 46 -34 34Z" fill="${color}"/><circle cy="-74" r="15" fill="#ffe3c2"/><path d="M-9 36L-14 66M9 36L16 64" stroke="#2a1a12" stroke-width="6" stroke-linecap="round"/></g>`;
  }).join('');
  return svg(
    defs,
    `<rect width="1000" height="1000" fill="url(#ground)"/><circle cx="500" cy="400" r="420" fill="url(#moon)"/>
<circle cx="500" cy="400" r="338" fill="#f3d48a" opacity="0.22"/>
${trunk}${crown.join('')}${blossoms}<path d="M90 950Q500 860 910 950" stroke="#e9b44c" stroke-width="4" fill="none" opacity="0.5"/>${dancers}
<rect x="22" y="22" width="956" height="956" fill="none" stroke="#e9b44c" stroke-width="3"/><rect x="72" y="72" width="856" height="856" fill="none" stroke="#e9b44c" stroke-width="2" opacity="0.7"/>${border}`,
    0.22,
  );
}
