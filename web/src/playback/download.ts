/** Fetches media: told how it goes, given up when nothing comes, asked again when that may help. */
import { fallbacks, fetchMedia } from './fallback.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Without a byte for this long a download is begun anew. */
const SILENT_MS_MAX = 8000;
const TRIES_MAX = 3;
const AGAIN_AFTER_MS = 500;
const LOOK_EVERY_MS = 200;

/** The media is refused: to ask again at the same address gives the same answer. */
class RefusedError extends Error {}

export interface Progress {
  readonly bytes: number;
  /** By the server's word; undefined when it does not say. */
  readonly totalBytes: number | undefined;
  readonly ms: number;
}

export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Looked at several times a second; whatever is thrown ends the download. */
  readonly onProgress?: (progress: Progress) => void;
}

export async function download(url: string, options: DownloadOptions): Promise<Bytes> {
  for (let tries = 1; ; tries++) {
    try {
      return await downloadOnce(url, options);
    } catch (error) {
      const isFinal = error instanceof RefusedError || !(error instanceof TypeError || isSilence(error));
      if (options.signal.aborted || isFinal || tries === TRIES_MAX) throw error;
      await new Promise((done) => setTimeout(done, AGAIN_AFTER_MS * tries));
    }
  }
}

const isSilence = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError';

async function downloadOnce(url: string, { signal, onProgress }: DownloadOptions): Promise<Bytes> {
  const end = new AbortController();
  const giveUp = () => end.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp);
  const startedMs = performance.now();
  let heardMs = startedMs;
  let bytes = 0;
  let totalBytes: number | undefined;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - heardMs > SILENT_MS_MAX) end.abort(new DOMException('nothing comes', 'TimeoutError'));
    try {
      onProgress?.({ bytes, totalBytes, ms: nowMs - startedMs });
    } catch (error) {
      end.abort(error);
    }
  }, LOOK_EVERY_MS);
  try {
    const response = await fetchMedia(url, fallbacks, end.signal);
    if (response.status >= 500) throw new TypeError(`HTTP ${response.status}`);
    if (!response.ok || !response.body) throw new RefusedError(`HTTP ${response.status}`);
    totalBytes = Number(response.headers.get('Content-Length')) || undefined;
    const parts: Uint8Array[] = [];
    const reader = response.body.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      parts.push(step.value);
      bytes += step.value.length;
      heardMs = performance.now();
    }
    return joined(parts, bytes);
  } catch (error) {
    throw end.signal.aborted ? end.signal.reason : error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

export function joined(parts: readonly Uint8Array[], bytes: number): Bytes {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
