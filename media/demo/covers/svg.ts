/** What the covers share: a square, a grain over it, and numbers that are short. */

export const COVER_PX = 1000;

export const n = (value: number): string => String(Math.round(value * 10) / 10);

export const svg = (defs: string, body: string, grain = 0.16): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${COVER_PX}" height="${COVER_PX}" viewBox="0 0 ${COVER_PX} ${COVER_PX}">
<defs>${defs}
<filter id="grain" x="0" y="0" width="100%" height="100%"><feTurbulence type="fractalNoise" baseFrequency="0.85" numOctaves="2" seed="7"/><feColorMatrix values="0 0 0 0 0.5  0 0 0 0 0.5  0 0 0 0 0.5  1.6 0 0 0 -0.72"/></filter>
</defs>
${body}
<rect width="${COVER_PX}" height="${COVER_PX}" filter="url(#grain)" opacity="${grain}"/>
</svg>`;

/** Stops from top to bottom. */
export const gradient = (
  id: string,
  stops: readonly (readonly [number, string, number?])[],
  radial = false,
): string => {
  const inside = stops
    .map(
      ([at, color, opacity = 1]) => `<stop offset="${at}" stop-color="${color}" stop-opacity="${opacity}"/>`,
    )
    .join('');
  return radial
    ? `<radialGradient id="${id}">${inside}</radialGradient>`
    : `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${inside}</linearGradient>`;
};
