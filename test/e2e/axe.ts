/** axe-core in the page of a test. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface AxeResults {
  readonly violations: {
    readonly id: string;
    readonly nodes: { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe-core finds against WCAG 2.2 at level AA, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy allows no foreign script; the debugger may run one.
  await page.evaluate(await axeSource());
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations: found } = (await page.evaluate(
    // A menu lies above all landmarks, and belongs to none.
    `axe.run({ runOnly: ${JSON.stringify(tags)}, rules: { region: { enabled: false } } })`,
  )) as AxeResults;
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

let axe: string | undefined;
async function axeSource(): Promise<string> {
  axe ??= await readFile(AXE, 'utf8');
  return axe;
}
