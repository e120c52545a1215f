// Goal: with roles and TLS the service does its work with the rights it needs and no more, and whoever has
// neither role nor certificate does nothing. Method: one real node that demands both.
import t from 'tap';
import { table } from '../../kit/ports/tables.ts';
import { systemClock } from '../../kit/sources.ts';
import { tempFolder } from '../../test/contract-suites/harness.ts';
import { ensureRoles, MIGRATE_ROLE, SERVICE_ROLE } from '../deploy/cassandra/roles.ts';
import { newAuthority, newCertificate } from '../deploy/secrets/certificates.ts';
import { startCassandra } from '../local/cassandra.ts';
import { migrate } from './migrate.ts';
import { openCassandra } from './open-cassandra.ts';
import type { Schema } from './schema.ts';
import { newClient } from './session.ts';

const things = table<readonly [], { readonly n: number }>({
  name: 'secured_thing',
  partition: 'id',
  clustering: [],
  conditional: true,
});
const schema: Schema = [{ version: 1, tables: [things] }];

void t.test('roles and certificates', async (t) => {
  const authority = await newAuthority();
  const tls = { ca: authority.cert, ...(await newCertificate(authority, ['127.0.0.1'])) };
  await using folder = await tempFolder();
  await using server = await startCassandra({ nodes: 1, folder: folder.path, auth: true, tls });
  t.teardown(() => server.nodes[0]?.kill('SIGKILL'));
  const { contactPoints, datacenter } = server;
  const passwords = {
    admin: 'an-admin-password',
    migrate: 'a-migrate-password',
    service: 'a-service-password',
  };
  const keyspace = 'secured';
  await ensureRoles({ contactPoints, datacenter, keyspace, replicas: 1, tls, passwords });

  const access = { contactPoints, datacenter, keyspace, tls, clock: systemClock, schema };
  const migrator = { ...access, user: MIGRATE_ROLE, password: passwords.migrate };
  const service = { ...access, user: SERVICE_ROLE, password: passwords.service };
  await t.rejects(migrate({ ...service, replicas: 1, say: () => {} }), { code: 'CASSANDRA_NOT_ALLOWED' });
  t.equal(await migrate({ ...migrator, replicas: 1, say: (text) => t.comment(text) }), 1);

  await using opened = await openCassandra(service);
  const rows = opened.tables.open(things);
  t.strictSame(await rows.insertIfAbsent('a', [], { n: 1 }), { s: 'applied', version: 1 });
  t.strictSame(await rows.getVersioned('a', []), { row: { n: 1 }, version: 1 });

  const asService = newClient(service);
  await asService.connect();
  const forbidden = [
    'DROP TABLE secured.secured_thing',
    'CREATE ROLE other',
    'SELECT * FROM system_auth.roles',
  ];
  for (const query of forbidden) {
    await t.rejects(asService.execute(query, [], { prepare: false }), { code: 0x2100 }, query);
  }
  await asService.shutdown();

  const strangers = [
    { ...service, password: 'wrong' },
    { ...service, user: 'cassandra', password: 'cassandra' },
    { ...service, tls: { ca: authority.cert } },
    { ...service, tls: { ...tls, ca: (await newAuthority()).cert } },
    { contactPoints, datacenter, user: SERVICE_ROLE, password: passwords.service },
  ];
  for (const stranger of strangers) {
    const client = newClient(stranger);
    await t.rejects(client.connect());
    await client.shutdown();
  }
  // Data that nobody reads again need not be written out.
  server.nodes[0]?.kill('SIGKILL');
});
