import { between, seeded } from '../synth/random.ts';
import { gradient, n, svg } from './svg.ts';

/** Cut paper: sun, sails and the waves of two oceans. */
export function pwaniCover(seed: string): string {
  const random = seeded(seed, 'pwani');
  const waves = ['#f2a65a', '#ee7f5a', '#e2566a', '#c13c74', '#8c2f77', '#54307a', '#2a2c68', '#131f4a'];
  const defs = [
    gradient('sky', [
      [0, '#ffe9c7'],
      [0.55, '#ffd3a0'],
      [1, '#ffb987'],
    ]),
    gradient('sun', [
      [0, '#ff7a4d'],
      [1, '#f2456b'],
    ]),
    '<filter id="paper" x="-10%" y="-10%" width="120%" height="130%"><feDropShadow dx="0" dy="-7" stdDeviation="9" flood-color="#3a0d2e" flood-opacity="0.38"/></filter>',
  ].join('');
  const rings = Array.from(
    { length: 5 },
    (_, i) =>
      `<circle cx="650" cy="360" r="${n(210 + i * 62)}" fill="none" stroke="#ff8a5c" stroke-width="${n(10 - i * 1.7)}" opacity="${n(0.5 - i * 0.09)}"/>`,
  ).join('');
  const sea = waves.map((color, i) => {
    const base = 520 + i * 62;
    const length = between(random, 130, 210);
    const phase = random.next() * 6;
    const height = 20 + i * 4;
    let path = 'M-20 1020';
    for (let x = -20; x <= 1020; x += 10) {
      const y =
        base +
        height * Math.sin(x / length + phase) +
        height * 0.35 * Math.sin(x / (length * 0.37) + 2 * phase);
      path += `L${x} ${n(y)}`;
    }
    const foam =
      i % 2 === 1
        ? `<path d="${path.replace('M-20 1020L', 'M')}" fill="none" stroke="#fff3df" stroke-width="3" opacity="0.35" transform="translate(0 15)"/>`
        : '';
    return `<g filter="url(#paper)"><path d="${path}L1020 1020Z" fill="${color}"/></g>${foam}`;
  });
  const dhow = (x: number, y: number, size: number, sail: string): string =>
    `<g transform="translate(${x} ${y}) scale(${size})" filter="url(#paper)"><path d="M-74 0Q0 42 84 -8L66 26Q0 50 -58 26Z" fill="#3a1633"/><path d="M-6 2L4 -176" stroke="#3a1633" stroke-width="6"/><path d="M-52 -14Q40 -60 10 -188Q-40 -110 -52 -14Z" fill="${sail}"/><path d="M14 -6Q66 -44 14 -130Z" fill="#ffe3b8"/></g>`;
  const palm = (): string => {
    const fronds = [-162, -128, -96, -60, -26, 6, 196]
      .map(
        (angle) => `<path transform="rotate(${angle})" d="M0 0Q92 -58 214 12Q100 -18 0 0Z" fill="#152a4e"/>`,
      )
      .join('');
    return `<g filter="url(#paper)"><path d="M92 1010Q62 640 176 300" stroke="#152a4e" stroke-width="26" fill="none" stroke-linecap="round"/><g transform="translate(176 300)">${fronds}<circle cx="6" cy="16" r="15" fill="#e2566a"/><circle cx="-18" cy="20" r="13" fill="#c13c74"/></g></g>`;
  };
  const [back, front] = [sea.slice(0, 3).join(''), sea.slice(3).join('')];
  return svg(
    defs,
    `<rect width="1000" height="1000" fill="url(#sky)"/>${rings}<circle cx="650" cy="360" r="180" fill="url(#sun)"/>
${back}${dhow(420, 640, 0.72, '#fff3df')}${dhow(760, 668, 1.12, '#ffd27a')}${front}${palm()}`,
    0.2,
  );
}
