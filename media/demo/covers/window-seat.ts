import { between, pick, seeded } from '../synth/random.ts';
import { gradient, n, svg } from './svg.ts';

const LIGHTS = ['#ffcf70', '#ff9a5a', '#ff6f7d', '#8fd3ff', '#b7a4ff', '#ffe7b0', '#66e0c8'];

/** A city gone soft behind a wet pane; a cup on the sill. */
export function windowSeatCover(seed: string): string {
  const random = seeded(seed, 'window-seat');
  const defs = [
    gradient('night', [
      [0, '#16213f'],
      [0.5, '#27365f'],
      [0.8, '#4a3f6b'],
      [1, '#6d4a66'],
    ]),
    gradient('wood', [
      [0, '#7a4a30'],
      [0.12, '#5d3623'],
      [1, '#2c1811'],
    ]),
    gradient('cup', [
      [0, '#fdf4e6'],
      [1, '#cfa98a'],
    ]),
    gradient(
      'lamp',
      [
        [0, '#ffdb9a', 0.55],
        [1, '#ffb55a', 0],
      ],
      true,
    ),
    '<filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="3"/></filter>',
    '<filter id="steam" x="-80%" y="-50%" width="260%" height="200%"><feGaussianBlur stdDeviation="9"/></filter>',
  ].join('');
  const bokeh = Array.from({ length: 74 }, () => {
    const y = 170 + 560 * random.next() ** 0.75;
    const r = between(random, 12, 54);
    const color = pick(random, LIGHTS);
    return `<circle cx="${n(1000 * random.next())}" cy="${n(y)}" r="${n(r)}" fill="${color}" opacity="${n(between(random, 0.16, 0.5))}" stroke="${color}" stroke-width="2.5" stroke-opacity="0.5"/>`;
  }).join('');
  const drops = Array.from({ length: 190 }, () => {
    const x = 1000 * random.next();
    const y = 780 * random.next();
    const r = 1.4 + 7 * random.next() ** 3;
    return `<g transform="translate(${n(x)} ${n(y)})"><ellipse rx="${n(r)}" ry="${n(r * 1.2)}" fill="#dfe9ff" opacity="0.26"/><ellipse cx="${n(-r * 0.3)}" cy="${n(-r * 0.4)}" rx="${n(r * 0.32)}" ry="${n(r * 0.36)}" fill="#fff" opacity="0.75"/></g>`;
  }).join('');
  const trails = Array.from({ length: 22 }, () => {
    const x = 1000 * random.next();
    const y = between(random, 0, 430);
    const length = between(random, 90, 320);
    const sway = between(random, -10, 10);
    return `<path d="M${n(x)} ${n(y)}q${n(sway)} ${n(length / 2)} ${n(sway / 3)} ${n(length)}" stroke="#e6efff" stroke-width="${n(between(random, 1, 3))}" opacity="0.2" fill="none" stroke-linecap="round"/><ellipse cx="${n(x + sway / 3)}" cy="${n(y + length)}" rx="4.5" ry="6.5" fill="#f4f8ff" opacity="0.6"/>`;
  }).join('');
  const frame = `<rect width="1000" height="34" fill="#2c1811"/><rect width="34" height="1000" fill="#2c1811"/><rect x="966" width="34" height="1000" fill="#2c1811"/><rect x="486" width="28" height="800" fill="#2c1811"/><rect x="486" width="6" height="800" fill="#5d3623"/><rect x="28" y="28" width="6" height="772" fill="#5d3623"/>`;
  const steam = [0, 1, 2]
    .map(
      (i) =>
        `<path d="M${300 + i * 42} 690c-34 -52 36 -86 0 -146c-26 -48 26 -72 4 -118" stroke="#fff6ea" stroke-width="15" fill="none" opacity="${0.42 - i * 0.07}" stroke-linecap="round" filter="url(#steam)"/>`,
    )
    .join('');
  return svg(
    defs,
    `<rect width="1000" height="1000" fill="url(#night)"/><g filter="url(#soft)">${bokeh}</g>
<circle cx="345" cy="700" r="420" fill="url(#lamp)"/>${trails}${drops}${frame}
<rect y="800" width="1000" height="200" fill="url(#wood)"/><rect y="800" width="1000" height="7" fill="#a5683f"/>
<ellipse cx="345" cy="868" rx="205" ry="36" fill="#1c0e09" opacity="0.55"/>
<ellipse cx="345" cy="856" rx="186" ry="32" fill="#e9d3bb"/><ellipse cx="345" cy="850" rx="150" ry="22" fill="#c9a588"/>
<path d="M468 728c92 -22 100 94 -14 82" fill="none" stroke="#e3c8ac" stroke-width="22"/>
<path d="M222 690h246c4 92 -24 168 -76 168h-94c-52 0 -80 -76 -76 -168z" fill="url(#cup)"/>
<ellipse cx="345" cy="692" rx="123" ry="25" fill="#f8ead8"/><ellipse cx="345" cy="696" rx="109" ry="19" fill="#4a2716"/><path d="M272 695q73 -18 146 0" stroke="#9b6238" stroke-width="5" fill="none" opacity="0.8"/>
${steam}`,
    0.18,
  );
}
