/** npm run migrate: makes or updates the tables on Cassandra. Safe to run again, and by several at once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../config/settings.ts';
import { migrate } from '../infra/cassandra/migrate.ts';
import { cqlText } from '../infra/cassandra/schema.ts';
import { cassandraAccessOf } from '../infra/open-engines.ts';
import { systemClock } from '../kit/sources.ts';
import { SCHEMA } from '../tables.config.ts';

async function run(): Promise<void> {
  const settings = readSettings(process.env, process.cwd());
  if (settings.cassandra.length === 0) {
    console.log('  nothing to do: the tables are embedded (ANTIPHON_CASSANDRA is not set)');
    return;
  }
  await migrate({
    ...(await cassandraAccessOf(settings)),
    keyspace: settings.cassandraKeyspace,
    replicas: settings.cassandraReplicas,
    schema: SCHEMA,
    clock: systemClock,
    say: (text) => console.log(`  ${text}`),
  });
}

try {
  if (process.argv[2] === '--write-cql') {
    writeFileSync(join(import.meta.dirname, '..', 'infra', 'cassandra', 'schema.cql'), cqlText(SCHEMA));
  } else {
    await run();
  }
} catch (error) {
  console.error(`antiphon: ${(error as Error).message}`);
  process.exitCode = 1;
}
