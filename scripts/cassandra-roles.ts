/** node scripts/cassandra-roles.ts FOLDER: makes the roles in Cassandra that the secrets in FOLDER belong to. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSettings } from '../config/settings.ts';
import { ensureRoles } from '../infra/deploy/cassandra/roles.ts';

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: cassandra-roles FOLDER');
  process.exit(2);
}
const settings = readSettings(process.env, process.cwd());
const secret = (name: string) => readFile(join(folder, name), 'utf8');
const pem = async (path: string | undefined) => (path ? readFile(path, 'utf8') : undefined);
const [ca, cert, key] = await Promise.all([
  pem(settings.engineCa),
  pem(settings.engineCert),
  pem(settings.engineKey),
]);

await ensureRoles({
  contactPoints: settings.cassandra,
  datacenter: settings.cassandraDatacenter,
  keyspace: settings.cassandraKeyspace,
  replicas: settings.cassandraReplicas,
  ...(ca && { tls: { ca, ...(cert && key && { cert, key }) } }),
  passwords: {
    admin: await secret('cassandra-admin-password'),
    migrate: await secret('cassandra-migrate-password'),
    service: await secret('cassandra-password'),
  },
});
console.log('the roles in Cassandra are as they should be');
