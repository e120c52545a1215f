/** What the listener's ears met, sent in small batches: start-up time, underruns, rung switches, errors. */
import type { ClientEvent } from '../../../actors/gateway/contract.ts';
import { api } from '../api/api.ts';
import { currentSession } from '../api/http.ts';

const FLUSH_AFTER_MS = 15_000;
const BATCH_MAX = 50;

let batch: ClientEvent[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  if (batch.length === 0 || !currentSession()) return;
  const events = batch;
  batch = [];
  api.telemetry(events).catch(() => undefined);
}

export function report(event: ClientEvent): void {
  batch.push(event);
  if (batch.length >= BATCH_MAX) flush();
  timer ??= setTimeout(flush, FLUSH_AFTER_MS);
}

type Start = 'cold' | 'prefetched';
let clicked: { readonly atMs: number; readonly how: Start } | undefined;
let stalledSinceMs: number | undefined;

/** The listener asked for sound; undefined when it was not the listener, or it will not come. */
export function startAsked(how: Start | undefined): void {
  clicked = how && { atMs: performance.now(), how };
}

export function soundStarted(): void {
  if (!clicked) return;
  const startupMs = Math.round(performance.now() - clicked.atMs);
  report({ type: 'playbackStart', startupMs, how: clicked.how });
  clicked = undefined;
}

export function soundStalled(): void {
  stalledSinceMs = performance.now();
}

export function soundGoesOn(): void {
  if (stalledSinceMs === undefined) return;
  report({ type: 'underrun', stalledMs: Math.round(performance.now() - stalledSinceMs) });
  stalledSinceMs = undefined;
}

addEventListener('pagehide', flush);
