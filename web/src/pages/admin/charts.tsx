/** Small charts without a library: one measure over the hours of a day. */
import { useId } from 'preact/hooks';
import { ta } from '../../texts/admin/texts.ts';
import { hour } from './format.ts';

export interface Point {
  readonly atMs: number;
  /** Undefined: nothing was measured. */
  readonly value: number | undefined;
}

interface ChartProps {
  readonly title: string;
  readonly points: readonly Point[];
  readonly shown: (value: number) => string;
}

const WIDTH = 240;
const HEIGHT = 64;
const GAP = 2;
const BAR_MIN = 1.5;

const highest = (points: readonly Point[]): Point | undefined =>
  points.reduce<Point | undefined>(
    (best, point) => (point.value && point.value > (best?.value ?? 0) ? point : best),
    undefined,
  );

/** Bars stand on a line; each says its hour and value when pointed at, and all are in words below. */
export function BarChart({ title, points, shown }: ChartProps) {
  const id = useId();
  const best = highest(points);
  const most = best?.value ?? 1;
  const width = WIDTH / Math.max(1, points.length);
  const words = best ? ta('chart.most', { value: shown(most), when: hour(best.atMs) }) : ta('chart.nothing');
  const [first, last] = [points[0], points.at(-1)];
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption id={id}>
        <b>{title}</b> <span>{words}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {points.map(({ atMs, value = 0 }, i) => {
          const height = value > 0 ? Math.max(BAR_MIN, (value / most) * HEIGHT) : 0;
          return (
            <g key={atMs}>
              <title>{`${hour(atMs)}: ${shown(value)}`}</title>
              <rect class="chart-slot" x={i * width} y={0} width={width} height={HEIGHT} />
              <rect
                class={i === points.length - 1 ? 'chart-bar now' : 'chart-bar'}
                x={i * width + GAP / 2}
                y={HEIGHT - height}
                width={Math.max(1, width - GAP)}
                height={height}
                rx={1}
              />
            </g>
          );
        })}
      </svg>
      <p class="chart-axis" aria-hidden="true">
        <span>{first && hour(first.atMs)}</span>
        <span>{last && hour(last.atMs)}</span>
      </p>
    </figure>
  );
}

export interface Share {
  readonly key: string;
  readonly label: string;
  readonly value: number;
}

/** Parts of a whole, in one line; the legend beside it says them in words. */
export const ShareBar = ({ shares, total }: { shares: readonly Share[]; total: number }) => (
  <div class="share-bar" aria-hidden="true">
    {shares.map(({ key, value }) => (
      <i key={key} class={`share ${key}`} style={{ '--share': total > 0 ? value / total : 0 }} />
    ))}
  </div>
);
