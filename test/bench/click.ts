import type { Page } from 'playwright-core';

/**
 * Clicks and gives the time until something plays, by the browser's own clock. The page tells it once: asking
 * again and again would make it draw, and that takes longer here than the start.
 */
export async function clickToPlaying(page: Page, click: () => Promise<void>): Promise<number> {
  const started = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const onClick = ({ timeStamp }: Event) =>
          addEventListener('heard.playing', () => resolve(performance.now() - timeStamp), { once: true });
        addEventListener('click', onClick, { capture: true, once: true });
      }),
  );
  const [ms] = await Promise.all([started, click()]);
  return ms;
}
