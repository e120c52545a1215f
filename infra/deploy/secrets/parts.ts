/** What each part of a deployment is told: a folder a part, so that none holds more than it needs. */
import { createHash } from 'node:crypto';
import { nkeys } from 'nats';
import { keysFile, mediaKeysOf } from '../../../media/edge/keys-file.ts';
import { REDIS_RIGHTS } from '../../redis/rights.ts';

/** What is made once and kept; everything else follows from it. */
export interface Vault {
  readonly 'master-secret': string;
  readonly 'metrics-token': string;
  readonly 'nats-seed': string;
  readonly 'nats-system-seed': string;
  readonly 'nats-route-password': string;
  readonly 'redis-password': string;
  readonly 'cassandra-admin-password': string;
  readonly 'cassandra-migrate-password': string;
  readonly 'cassandra-password': string;
  readonly 's3-access-key': string;
  readonly 's3-secret-key': string;
  readonly 'grafana-admin-password': string;
}

export interface Part {
  /** Its folder. */
  readonly name: string;
  /** Names under which the others reach it; they are in its certificate. */
  readonly hosts: readonly string[];
  /** Who its processes run as in a container. */
  readonly uid: number;
  /** Java reads key and certificate from one file, keystore.pem. */
  readonly wantsKeystore?: boolean;
  /** Beside ca.pem, cert.pem and key.pem. */
  readonly files: Readonly<Record<string, string>>;
}

const REDIS_USER = 'antiphon';

const publicKeyOf = (seed: string): string => nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();

/** Servers hold public keys only: who reads their files can sign in as nobody. */
const natsAccounts = (vault: Vault): string => `accounts {
  ANTIPHON {
    jetstream: enabled
    users: [ { nkey: ${publicKeyOf(vault['nats-seed'])} } ]
  }
  SYSTEM {
    users: [ { nkey: ${publicKeyOf(vault['nats-system-seed'])} } ]
  }
}
system_account: SYSTEM
`;

const natsRoutes = (vault: Vault, servers: readonly string[]): string => {
  const password = vault['nats-route-password'];
  const routes = servers.map((server) => `tls://route:${password}@${server}`);
  return `authorization { user: route, password: "${password}", timeout: 5 }
routes: [ ${routes.join(', ')} ]
`;
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const redisUsers = (vault: Vault): string => `user default off
user ${REDIS_USER} on #${sha256(vault['redis-password'])} ${REDIS_RIGHTS}
user health on nopass resetkeys resetchannels nocommands +ping
`;

export interface Topology {
  /** host:port of the routes between NATS servers. */
  readonly natsRoutes: readonly string[];
}

export const COMPOSE_TOPOLOGY: Topology = { natsRoutes: ['nats-1:6222', 'nats-2:6222', 'nats-3:6222'] };

const numbered = (name: string): string[] => [1, 2, 3].map((n) => `${name}-${n}`);

export function partsOf(vault: Vault, topology: Topology): Part[] {
  const own = <K extends keyof Vault>(...names: K[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, vault[name]]));
  const [node, nginx, cassandra, redis, nobody, grafana] = [1000, 101, 999, 999, 65_534, 472] as const;
  return [
    {
      name: 'antiphon',
      hosts: ['gateway', 'edge-origin', 'ingest', ...numbered('node'), 'canary'],
      uid: node,
      files: own(
        ...(['master-secret', 'metrics-token', 'nats-seed', 'redis-password', 'cassandra-password'] as const),
        ...(['s3-access-key', 's3-secret-key'] as const),
      ),
    },
    {
      name: 'migrate',
      hosts: ['migrate'],
      uid: node,
      files: own('cassandra-admin-password', 'cassandra-migrate-password', 'cassandra-password'),
    },
    { name: 'operator', hosts: ['operator'], uid: node, files: own('nats-system-seed') },
    {
      name: 'edge',
      hosts: ['edge'],
      uid: nginx,
      files: {
        'media-keys.json': keysFile(mediaKeysOf(vault['master-secret'])),
      },
    },
    {
      name: 'nats',
      hosts: numbered('nats'),
      uid: 1000,
      files: { 'accounts.conf': natsAccounts(vault), 'routes.conf': natsRoutes(vault, topology.natsRoutes) },
    },
    { name: 'cassandra', hosts: numbered('cassandra'), uid: cassandra, wantsKeystore: true, files: {} },
    { name: 'redis', hosts: ['redis'], uid: redis, files: { 'users.acl': redisUsers(vault) } },
    { name: 's3', hosts: ['s3'], uid: 1000, files: own('s3-access-key', 's3-secret-key') },
    {
      name: 'monitoring',
      hosts: ['prometheus', 'blackbox', 'host-metrics', ...numbered('nats-metrics')],
      uid: nobody,
      files: own('metrics-token'),
    },
    { name: 'grafana', hosts: ['grafana'], uid: grafana, files: own('grafana-admin-password') },
  ];
}
