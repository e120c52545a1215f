/** A process of the failover test: runs a consumer and prints what it handles, a JSON line a record. */
import { writeSync } from 'node:fs';
import { openNats } from './connection.ts';
import { openJetStreamJournal } from './journal.ts';

const [namespace = '', servers = '', shards = ''] = process.argv.slice(2);

const connection = await openNats({ servers: servers.split(','), name: `worker ${process.pid}` });
const journal = await openJetStreamJournal({ connection, namespace, replicas: 3, shards: Number(shards) });
await journal.consume({
  stream: 's',
  consumer: 'workers',
  async handle(records) {
    // At once, so that what was handled before a kill is told before it.
    for (const { subject, data } of records) writeSync(1, `${JSON.stringify([subject, data])}\n`);
  },
});
