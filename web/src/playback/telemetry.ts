/** What the listener's ears met, sent in small batches: start-up time, underruns, rung switches, errors. */
import { api } from '../api/api.ts';
import { currentSession } from '../api/http.ts';

export type TelemetryEvent =
  | { readonly type: 'start'; readonly startupMs: number; readonly how: 'cold' | 'prefetched' }
  | { readonly type: 'underrun'; readonly stalledMs: number }
  | { readonly type: 'rung'; readonly rung: number }
  | { readonly type: 'error'; readonly code: string };

const FLUSH_AFTER_MS = 15_000;
const BATCH_MAX = 50;

let batch: TelemetryEvent[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function flush(): void {
  clearTimeout(timer);
  timer = undefined;
  if (batch.length === 0 || !currentSession()) return;
  const events = batch;
  batch = [];
  api.telemetry(events).catch(() => undefined);
}

export function report(event: TelemetryEvent): void {
  batch.push(event);
  if (batch.length >= BATCH_MAX) flush();
  timer ??= setTimeout(flush, FLUSH_AFTER_MS);
}

addEventListener('pagehide', flush);
