import { between, seeded } from '../synth/random.ts';
import { gradient, n, svg } from './svg.ts';

/** Ridges behind ridges, each paler than the one before. */
export function slowWeatherCover(seed: string): string {
  const random = seeded(seed, 'slow-weather');
  const layers = ['#a9c3cf', '#8badbd', '#6d95a8', '#527c91', '#3a6277', '#264759', '#152d3b', '#0a1a24'];
  const defs = [
    gradient('sky', [
      [0, '#7fa3b8'],
      [0.4, '#c9d5d6'],
      [0.62, '#f4e3d0'],
      [1, '#f7cfae'],
    ]),
    gradient(
      'sun',
      [
        [0, '#fffaf0', 1],
        [0.25, '#fff1dc', 0.85],
        [1, '#ffe5c4', 0],
      ],
      true,
    ),
    gradient('mist', [
      [0, '#ffffff', 0],
      [0.55, '#f3ede6', 0.62],
      [1, '#f3ede6', 0],
    ]),
    ...layers.map((color, i) =>
      gradient(`r${i}`, [
        [0, color],
        [1, layers[Math.max(0, i - 2)] ?? color, 0.85],
      ]),
    ),
  ].join('');
  const ridges = layers.map((_, i) => {
    const base = 400 + i * 72;
    const waves = Array.from({ length: 6 }, (_, w) => ({
      length: between(random, 130, 420) / (w + 1),
      height: (between(random, 30, 74) + i * 5) / (w * 1.3 + 1),
      phase: random.next() * 7,
    }));
    let path = 'M0 1000';
    for (let x = 0; x <= 1000; x += 4) {
      const y = waves.reduce((sum, w) => sum - Math.abs(Math.sin(x / w.length + w.phase)) * w.height, base);
      path += `L${x} ${n(y + (i > 4 ? between(random, -3, 3) : 0))}`;
    }
    const mist = `<rect y="${base - 40}" width="1000" height="150" fill="url(#mist)" opacity="${n(0.95 - i * 0.09)}"/>`;
    return `<path d="${path}L1000 1000Z" fill="url(#r${i})"/>${i < 7 ? mist : ''}`;
  });
  const birds = Array.from({ length: 7 }, (_, i) => {
    const x = 610 + i * 27 + between(random, -8, 8);
    const y = 250 + Math.abs(i - 2) * 14 + between(random, -5, 5);
    return `<path d="M${n(x)} ${n(y)}q7 -9 13 0q6 -9 13 0" fill="none" stroke="#2b4a5a" stroke-width="2.4" stroke-linecap="round" opacity="0.75"/>`;
  }).join('');
  return svg(
    defs,
    `<rect width="1000" height="1000" fill="url(#sky)"/>
<circle cx="380" cy="345" r="330" fill="url(#sun)"/><circle cx="380" cy="345" r="66" fill="#fffaf2"/>
${birds}${ridges.join('')}`,
    0.2,
  );
}
