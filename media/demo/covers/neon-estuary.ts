import { between, seeded } from '../synth/random.ts';
import { gradient, n, svg } from './svg.ts';

/** A sun cut by the horizon's haze, over water that carries its light. */
export function neonEstuaryCover(seed: string): string {
  const random = seeded(seed, 'neon-estuary');
  const defs = [
    gradient('sky', [
      [0, '#0b0630'],
      [0.35, '#2d0f5e'],
      [0.62, '#8b1e7e'],
      [0.85, '#ff5d7a'],
      [1, '#ffb36b'],
    ]),
    gradient('sun', [
      [0, '#fff3b0'],
      [0.45, '#ffb25e'],
      [0.8, '#ff4f86'],
      [1, '#d92a9c'],
    ]),
    gradient('water', [
      [0, '#3a1268'],
      [0.5, '#16083f'],
      [1, '#06031c'],
    ]),
    gradient(
      'glow',
      [
        [0, '#ff7ab0', 0.75],
        [0.5, '#ff4f9a', 0.22],
        [1, '#ff4f9a', 0],
      ],
      true,
    ),
    '<clipPath id="disc"><circle cx="500" cy="470" r="235"/></clipPath>',
    '<clipPath id="sea"><rect y="640" width="1000" height="360"/></clipPath>',
  ].join('');
  const stars = Array.from({ length: 110 }, () => {
    const y = 400 * random.next() ** 1.6;
    return `<circle cx="${n(1000 * random.next())}" cy="${n(y)}" r="${n(between(random, 0.6, 2.2))}" fill="#ffe9ff" opacity="${n(between(random, 0.2, 0.9))}"/>`;
  }).join('');
  const bands = Array.from({ length: 8 }, (_, i) => {
    const y = 450 + i * 34;
    return `<rect x="240" y="${y}" width="520" height="${n(4 + i * 2.6)}" fill="#8b1e7e" opacity="${n(0.9 - i * 0.03)}"/>`;
  }).join('');
  let skyline = 'M0 640';
  for (let x = 0; x <= 1000; ) {
    const width = between(random, 16, 52);
    const away = Math.abs(x + width / 2 - 500) / 500;
    const height = between(random, 8, 46) + 120 * away ** 2 * random.next();
    skyline += `V${n(640 - height)}H${n(x + width)}`;
    x += width;
  }
  const windows = Array.from({ length: 90 }, () => {
    const side = random.next() < 0.5 ? between(random, 0, 260) : between(random, 740, 1000);
    return `<rect x="${n(side)}" y="${n(between(random, 600, 636))}" width="3" height="4" fill="#ffd76b" opacity="${n(between(random, 0.3, 0.95))}"/>`;
  }).join('');
  const lines = Array.from({ length: 13 }, (_, i) => {
    const y = 640 + 360 * (i / 12) ** 2.1;
    return `<line x1="0" x2="1000" y1="${n(y)}" y2="${n(y)}" stroke="#ff4fd0" stroke-width="${n(0.8 + i * 0.22)}" opacity="${n(0.2 + i * 0.045)}"/>`;
  }).join('');
  const rays = Array.from({ length: 21 }, (_, i) => {
    const x = (i - 10) * 190;
    return `<line x1="${500 + (i - 10) * 26}" y1="640" x2="${500 + x}" y2="1000" stroke="#3fd8ff" stroke-width="1.6" opacity="0.34"/>`;
  }).join('');
  const light = Array.from({ length: 26 }, (_, i) => {
    const y = 648 + i * 13.2;
    const half = (150 - i * 3) * between(random, 0.45, 1);
    return `<rect x="${n(500 - half)}" y="${n(y)}" width="${n(2 * half)}" height="${n(between(random, 2.5, 6))}" rx="3" fill="${i < 10 ? '#ffc27a' : '#ff5f9e'}" opacity="${n(0.8 - i * 0.026)}"/>`;
  }).join('');
  return svg(
    defs,
    `<rect width="1000" height="1000" fill="url(#sky)"/>${stars}
<circle cx="500" cy="490" r="480" fill="url(#glow)"/>
<g clip-path="url(#disc)"><circle cx="500" cy="470" r="235" fill="url(#sun)"/>${bands}</g>
<path d="${skyline}V640H0Z" fill="#12062f"/>${windows}
<rect y="640" width="1000" height="360" fill="url(#water)"/>
<g clip-path="url(#sea)">${rays}${lines}${light}</g>
<rect y="637" width="1000" height="4" fill="#ffc9e6" opacity="0.85"/>`,
  );
}
