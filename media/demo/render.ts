/** Renders a track in a child process at low priority, so that playing never waits for composing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DEMO_RENDER_MS_MAX } from '../../config/limits.ts';

const PROGRAM = join(import.meta.dirname, 'render-process.ts');

export interface RenderedFiles {
  readonly wavPath: string;
  readonly coverPath: string;
}

/** @throws Error when the process fails or is too slow; AbortError when `signal` says so. */
export async function render(
  slug: string,
  seed: string,
  { wavPath, coverPath }: RenderedFiles,
  signal?: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.timeout(DEMO_RENDER_MS_MAX);
  const child = spawn(process.execPath, [PROGRAM, slug, seed, wavPath, coverPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {},
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  const [errors, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (exitCode !== 0) throw new Error(`the demo's ${slug} could not be rendered: ${errors.slice(-2000)}`);
}
