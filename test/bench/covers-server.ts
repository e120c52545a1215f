/** An edge with covers for covers.bench.ts: `covers-server.ts <data folder>`; says its port, reads sources from standard input. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openObjects } from '../../infra/embedded/objects.ts';
import { openStore } from '../../infra/embedded/store.ts';
import { openTables } from '../../infra/embedded/tables.ts';
import { systemClock } from '../../kit/sources.ts';
import { createCovers } from '../../media/covers/covers.ts';
import { type CoverSource, createCoverSources } from '../../media/covers/sources.ts';
import { createEdge } from '../../media/edge/edge.ts';
import { createLibrary } from '../../media/edge/library.ts';

const [, , folder = ''] = process.argv;
const store = openStore(join(folder, 'store'));
const sources = createCoverSources(openTables(store, systemClock));
for await (const line of createInterface(process.stdin)) {
  if (line === '') break;
  const [coverId, source] = JSON.parse(line) as [string, CoverSource];
  await sources.remember(coverId, source);
}
const objects = await openObjects(join(folder, 'objects'), systemClock);
const covers = createCovers({ objects, sources });
const edge = createEdge({
  library: createLibrary({ objects, covers, masterSecret: Buffer.alloc(32) }),
  keys: [{ kid: '1', secret: Buffer.alloc(32) }],
  clock: systemClock,
  report: { served: () => undefined },
});
const server = createServer((req, res) => void edge(req, res));
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
