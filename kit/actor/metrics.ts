import { counter, gauge, histogram } from '../metrics.ts';

const residents = gauge('actor_residents', 'Activations in memory', ['actor']);
const activations = counter('actor_activations_total', 'Activations loaded from the journal', ['actor']);
const staleWrites = counter('actor_stale_writes_total', 'Appends that the fence refused', ['actor']);
const staleReads = counter('actor_stale_reads_total', 'Activations found overtaken by a reader', ['actor']);
const duplicates = counter('actor_duplicates_total', 'Commands answered from the journal', ['actor']);
const snapshotFailures = counter('actor_snapshot_failures_total', 'Snapshots not written', ['actor']);
const appendSeconds = histogram(
  'actor_append_seconds',
  'Time until a command is durable in the journal',
  [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  ['actor'],
);

/** Bound to one kind of actor once, since looking labels up costs more than counting. */
export const actorMetrics = (actor: string) => ({
  residents: residents.labels(actor),
  activations: activations.labels(actor),
  staleWrites: staleWrites.labels(actor),
  staleReads: staleReads.labels(actor),
  duplicates: duplicates.labels(actor),
  snapshotFailures: snapshotFailures.labels(actor),
  appendSeconds: appendSeconds.labels(actor),
});
