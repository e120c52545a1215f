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

addEventListener('pagehide', flush);
