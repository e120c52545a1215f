/**
 * Apache Cassandra as processes of this machine, from its Maven artifacts: one node, or three with a replica each.
 *
 * Nodes are 127.0.0.1 to 127.0.0.3 (Linux answers on all of them) or hosts of their own, on one free port for
 * clients and one for each other. Every write is synced before it is acknowledged, so that killing nodes loses nothing.
 */
import { execFile } from 'node:child_process';
import { access, glob, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { endClient, newClient } from '../cassandra/session.ts';
import type { LocalHost } from './network.ts';
import { accepts, freePort, type LocalProcess, startProcess } from './process.ts';
import { findProgram, toolsFolder } from './tools.ts';

const run = promisify(execFile);

const CASSANDRA_VERSION = '5.0.9';
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const DATACENTER = 'datacenter1';
/** A third of the ring each; with a replica on each node the shares do not matter, but they must be given. */
const TOKENS = ['-9223372036854775807', '-3074457345618258602', '3074457345618258603'] as const;
const READY_MS_MAX = 180_000;
const STOP_MS_MAX = 30_000;
const MEET_RETRY_MS = 200;

export interface CassandraOptions {
  readonly nodes: 1 | 3;
  /** Data, logs and settings of the nodes; found again by the next start. */
  readonly folder: string;
  /** Where they live, one a node; left out: on this machine. */
  readonly hosts?: readonly LocalHost[];
  /** Clients log in (first as cassandra, password cassandra) and may do what their role may. */
  readonly auth?: boolean;
  /** PEM text: clients connect by TLS and show a certificate that `ca` signed. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly onLine?: (line: string, name: string) => void;
}

export interface CassandraNode {
  readonly address: string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once it is gone; a stop by SIGTERM writes everything out first and takes seconds. */
  ended(): Promise<void>;
  /** Resolves once it takes clients again. */
  restart(): Promise<void>;
}

export interface LocalCassandra extends AsyncDisposable {
  /** host:port */
  readonly contactPoints: readonly string[];
  readonly datacenter: string;
  readonly nodes: readonly CassandraNode[];
}

/** @throws Error that says what is missing, or why a node did not come up. */
export async function startCassandra(options: CassandraOptions): Promise<LocalCassandra> {
  const [java, jars] = await Promise.all([java17(), cassandraJars()]);
  const hosts = TOKENS.slice(0, options.nodes).map(
    (_, index): LocalHost => options.hosts?.[index] ?? { address: `127.0.0.${index + 1}` },
  );
  const addresses = hosts.map(({ address }) => address);
  const [clientPort, storagePort] = await Promise.all([freePort(), freePort()]);
  const opened = await Promise.allSettled(
    hosts.map(({ netns }, index) =>
      startNode({ options, java, jars, addresses, netns, clientPort, storagePort, index }),
    ),
  );
  const nodes = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const contactPoints = addresses.map((address) => `${address}:${clientPort}`);
  try {
    await Promise.all(contactPoints.map((point) => untilItKnows(point, nodes.length - 1)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    contactPoints,
    datacenter: DATACENTER,
    nodes,
    [Symbol.asyncDispose]: stop,
  };
}

/** A node takes clients before it has met the others, and then makes tables that the others never hear of. */
async function untilItKnows(contactPoint: string, others: number): Promise<void> {
  if (others === 0) return;
  const client = newClient({ contactPoints: [contactPoint], datacenter: DATACENTER });
  const untilMs = Date.now() + READY_MS_MAX;
  try {
    const [node] = await client.connect().then(() => client.hosts.values());
    const count = async (): Promise<number> => {
      const peers = await client.execute('SELECT schema_version FROM system.peers', [], {
        ...(node && { host: node }),
      });
      return peers.rows.filter((row) => row.schema_version).length;
    };
    while ((await count()) < others) {
      if (Date.now() >= untilMs) throw new Error(`${contactPoint} did not meet the others in time`);
      await sleep(MEET_RETRY_MS);
    }
  } finally {
    await endClient(client);
  }
}

/** How a node is run over a folder that holds its cassandra.yaml, for tests with settings of their own. */
export async function cassandraCommand(folder: string): Promise<{ command: string; args: string[] }> {
  const [command, jars] = await Promise.all([java17(), cassandraJars()]);
  await writeFile(join(folder, 'logback.xml'), LOGBACK);
  return { command, args: javaArgs(folder, jars) };
}

interface NodePlan {
  readonly options: CassandraOptions;
  readonly java: string;
  readonly jars: string;
  readonly addresses: readonly string[];
  readonly netns: string | undefined;
  readonly clientPort: number;
  readonly storagePort: number;
  readonly index: number;
}

async function startNode(plan: NodePlan): Promise<CassandraNode & { stop(): Promise<void> }> {
  const { options, java, jars, addresses, netns, clientPort, index } = plan;
  const address = addresses[index] as string;
  const folder = join(options.folder, `node${index + 1}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'cassandra.yaml'), settingsOf(plan, folder));
  if (options.tls) {
    const { ca, cert, key } = options.tls;
    await writeFile(join(folder, 'keystore.pem'), `${key}${cert}`, { mode: 0o600 });
    await writeFile(join(folder, 'ca.pem'), ca);
  }
  await writeFile(join(folder, 'logback.xml'), LOGBACK);

  const start = (): Promise<LocalProcess> =>
    startProcess({
      name: `cassandra-${index + 1}`,
      command: java,
      netns,
      args: javaArgs(folder, jars),
      // The port for clients opens last.
      ready: () => accepts(address, clientPort),
      readyMsMax: READY_MS_MAX,
      stopMsMax: STOP_MS_MAX,
      ...(options.onLine && { onLine: options.onLine }),
    });
  let current = await start();
  return {
    address,
    kill: (signal) => current.kill(signal),
    async ended() {
      await current.exited;
    },
    async restart() {
      await current[Symbol.asyncDispose]();
      current = await start();
    },
    stop: async () => {
      await current[Symbol.asyncDispose]();
    },
  };
}

function settingsOf(
  { options, addresses, clientPort, storagePort, index }: NodePlan,
  folder: string,
): string {
  const address = addresses[index];
  const lines = [
    'cluster_name: antiphon-local',
    'partitioner: org.apache.cassandra.dht.Murmur3Partitioner',
    'endpoint_snitch: SimpleSnitch',
    'num_tokens: 1',
    `initial_token: "${TOKENS[index]}"`,
    // Right for nodes that start empty together, and ignored by those that have data.
    'auto_bootstrap: false',
    `listen_address: ${address}`,
    `rpc_address: ${address}`,
    `native_transport_port: ${clientPort}`,
    `storage_port: ${storagePort}`,
    'seed_provider:',
    '  - class_name: org.apache.cassandra.locator.SimpleSeedProvider',
    '    parameters:',
    `      - seeds: "${addresses.map((seed) => `${seed}:${storagePort}`).join(',')}"`,
    'commitlog_sync: batch',
    'commitlog_segment_size: 8MiB',
    'commitlog_total_space: 256MiB',
    'memtable_heap_space: 96MiB',
    'memtable_offheap_space: 96MiB',
  ];
  if (options.auth) {
    lines.push(
      'authenticator: PasswordAuthenticator',
      'authorizer: CassandraAuthorizer',
      'role_manager: CassandraRoleManager',
    );
  }
  if (options.tls) {
    lines.push(
      'client_encryption_options:',
      '  enabled: true',
      '  optional: false',
      '  require_client_auth: true',
      '  ssl_context_factory:',
      '    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory',
      `  keystore: ${join(folder, 'keystore.pem')}`,
      `  truststore: ${join(folder, 'ca.pem')}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Everything on standard output: the one place where a failed start is told. */
const LOGBACK = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out" /></root>
</configuration>
`;

/** The opens and exports are what a node needs to boot on Java 17; the properties spare it waiting for others. */
const javaArgs = (folder: string, jars: string): string[] => [
  '-Xms128M',
  '-Xmx512M',
  // The better compiler takes both cores of a small machine for minutes.
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-XX:+ExitOnOutOfMemoryError',
  '-Xss256k',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-opens=java.base/java.io=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  `-Dcassandra.config=file://${join(folder, 'cassandra.yaml')}`,
  `-Dcassandra.storagedir=${folder}`,
  '-Dcassandra-foreground=yes',
  `-Dlogback.configurationFile=${join(folder, 'logback.xml')}`,
  '-Dcassandra.skip_wait_for_gossip_to_settle=0',
  '-Dcassandra.ring_delay_ms=0',
  '-Dcassandra.superuser_setup_delay_ms=0',
  '-Dcassandra.shutdown_announce_in_ms=200',
  '-cp',
  join(jars, '*'),
  'org.apache.cassandra.service.CassandraDaemon',
];

async function java17(): Promise<string> {
  const home = process.env.JAVA_HOME;
  const candidates = [home && join(home, 'bin', 'java'), await findProgram('java')];
  for await (const path of glob('/usr/lib/jvm/*17*/bin/java')) candidates.push(path);
  for (const candidate of candidates) {
    if (!candidate) continue;
    const { stderr } = await run(candidate, ['-version']).catch(() => ({ stderr: '' }));
    if (/version "17\./.test(stderr)) return candidate;
  }
  throw new Error(
    'Cassandra 5 runs on Java 17: install a JRE 17 (Debian: openjdk-17-jre-headless) or set JAVA_HOME.',
  );
}

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>cassandra</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>${CASSANDRA_VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** The folder of Cassandra's jars, fetched with Maven when it is not there yet (a minute, once, 63 MB). */
export async function cassandraJars(): Promise<string> {
  const folder = join(toolsFolder(), `cassandra-${CASSANDRA_VERSION}`);
  const lib = join(folder, 'lib');
  const isThere = (): Promise<boolean> =>
    access(join(lib, `cassandra-all-${CASSANDRA_VERSION}.jar`)).then(
      () => true,
      () => false,
    );
  if (await isThere()) return lib;
  const mvn = await findProgram('mvn');
  if (!mvn)
    throw new Error(`Cassandra ${CASSANDRA_VERSION} is fetched with Maven: install mvn (Debian: maven).`);
  const draft = `${folder}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  try {
    await writeFile(join(draft, 'pom.xml'), POM);
    const args = ['-B', '-q', COPY_DEPENDENCIES, '-DoutputDirectory=lib', '-DincludeScope=runtime'];
    await run(mvn, args, { cwd: draft });
    await mkdir(dirname(folder), { recursive: true });
    // Two installs at once: the first one's stays.
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await isThere())) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return lib;
}
