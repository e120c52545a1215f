/** The outline of the song that plays, as a mask that a seek bar is cut out with. */
import { useEffect, useState } from 'preact/hooks';

interface Waveform {
  readonly peaks: readonly number[];
}

const KEPT_MAX = 20;
/** Silence is a line, not a gap. */
const BAR_LEAST = 6;
const known = new Map<string, Promise<readonly number[] | undefined>>();

/** The address changes with each play; what it is of does not. */
const songOf = (url: string): string => url.split('/').at(-2) ?? url;

function peaksAt(url: string): Promise<readonly number[] | undefined> {
  const song = songOf(url);
  const asked =
    known.get(song) ??
    fetch(url)
      .then(async (response) => {
        if (!response.ok) throw new Error(`HTTP ${response.status}`);
        const { peaks } = (await response.json()) as Waveform;
        return peaks;
      })
      .catch(() => {
        known.delete(song);
        return undefined;
      });
  known.set(song, asked);
  const oldest = known.keys().next().value;
  if (known.size > KEPT_MAX && oldest !== undefined) known.delete(oldest);
  return asked;
}

/** The highest peak under each of `bars` bars, scaled so that the loudest fills the height; 0 to 100. */
export function barsOf(peaks: readonly number[], bars: number): number[] {
  const loudest = Math.max(1, ...peaks);
  return Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / bars);
    const until = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    const peak = Math.max(0, ...peaks.slice(from, until));
    return Math.max(BAR_LEAST, Math.round((100 * peak) / loudest));
  });
}

function maskOf(heights: readonly number[]): string {
  const path = heights.map((height, i) => `M${i * 3} ${50 - height / 2}h2v${height}h-2z`).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${heights.length * 3 - 1} 100" preserveAspectRatio="none"><path d="${path}"/></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}

/** The CSS mask of the waveform at `url`; undefined until it is there, and where there is none. */
export function useWaveMask(url: string | undefined, bars: number): string | undefined {
  const [found, setFound] = useState<{ url: string; mask: string }>();
  useEffect(() => {
    let wanted = true;
    if (url) {
      void peaksAt(url).then((peaks) => {
        if (wanted && peaks && peaks.length > 0) setFound({ url, mask: maskOf(barsOf(peaks, bars)) });
      });
    }
    return () => {
      wanted = false;
    };
  }, [url, bars]);
  return found && url && songOf(found.url) === songOf(url) ? found.mask : undefined;
}
