/**
 * A worker in a process of its own. Reaching the step given as second argument, it tells so and goes on when it
 * is told to. It ends when it has handled what was queued. A third argument names the NATS server that holds
 * the journal; without it the journal is embedded.
 */
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { sweepTempFolder } from '../work-folder.ts';
import { startIngestWorker } from '../worker.ts';
import { openIngestWorld, openSharedJournal, watched } from './cluster.ts';

const [dataDir, stopAt, natsUrl] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('which folder?');
const { deps: embedded } = await openIngestWorld(dataDir);
const deps = natsUrl ? { ...embedded, journal: (await openSharedJournal(natsUrl)).journal } : embedded;
await sweepTempFolder(deps.tempFolder);
setInterval(() => undefined, 1000);
await startIngestWorker(
  watched({ ...deps, nodeId: `worker-${process.pid}` }, async (step) => {
    if (step === 'handled') process.exit(0);
    if (step !== stopAt) return;
    writeSync(1, `${step}\n`);
    await once(process.stdin, 'data');
  }),
);
