import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** A browser profile of its own. Nothing is asked of the outside; sound plays without a click. */
export async function openBrowser(
  options: { width?: number; height?: number; args?: readonly string[]; bypassCSP?: boolean } = {},
): Promise<BrowserContext & AsyncDisposable> {
  const profile = await mkdtemp(join(tmpdir(), 'antiphon-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM_PATH ?? CHROMIUM,
    ...(options.bypassCSP && { bypassCSP: true }),
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      ...(options.args ?? []),
    ],
  });
  context.once('close', () => {
    rm(profile, { recursive: true, force: true }).catch(() => undefined);
  });
  return context as BrowserContext & AsyncDisposable;
}
