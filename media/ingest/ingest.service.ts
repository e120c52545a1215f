import { serviceOf } from '../../kit/service.ts';
import { ingestContract } from './contract.ts';
import { type IngestWorkerDeps, startIngestWorker } from './worker.ts';

/** A worker, and what operators ask of the whole: each of them can answer. */
export function ingestService(deps: IngestWorkerDeps) {
  let worker: AsyncDisposable | undefined;
  return serviceOf(
    ingestContract,
    { status: ({ day }) => deps.jobs.status(day) },
    {
      started: async () => {
        worker = await startIngestWorker(deps);
      },
      stopped: async () => {
        await worker?.[Symbol.asyncDispose]();
      },
    },
  );
}
