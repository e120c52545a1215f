/**
 * What the service has stored, read past all of its own code: the journal from JetStream and rows from
 * Cassandra by their drivers, and the history as its listeners see it.
 */
import cassandra from 'cassandra-driver';
import { connect, type NatsConnection } from 'nats';
import type { HistoryEntry } from '../../actors/history/contract.ts';
import { JOURNAL_SHARDS } from '../../config/engine-limits.ts';
import { NAMESPACE } from '../../infra/bus/broker-options.ts';
import { isSuccess, type Line } from './line.ts';

/** One record of a listener's session in the journal. */
export interface StoredRecord {
  readonly seq: number;
  readonly commandId?: string;
  readonly events: readonly StoredEvent[];
}
export interface StoredEvent {
  readonly type: string;
  readonly playId?: string;
  readonly positionMs?: number;
  readonly listenedMs?: number;
}

/** All that is stored of one listener. */
export interface Stored {
  readonly session: readonly StoredRecord[];
  readonly history: readonly HistoryEntry[];
  /** By song. */
  readonly likes: ReadonlyMap<string, boolean>;
  readonly displayName: string | undefined;
  /** Whom the username belongs to, as claimed and as administrators see it. */
  readonly nameOwners: readonly (string | undefined)[];
}

export interface Store extends AsyncDisposable {
  /** The name of the server that leads this shard of the players' journal. @throws Error while there is none. */
  leaderOf(shard: number): Promise<string>;
  /** Each consumer with records that it has not handled, and records that were set aside. */
  consumersBehind(): Promise<string[]>;
  read(listener: { username: string; userId: string; line: Line }): Promise<Stored>;
}

const CONTROL = `${NAMESPACE}-journal`;
const PLAYER = 'player';
const READ_PAGE = 100;
const ASK_MS_MAX = 5000;
const NO_MESSAGE = 10037;

export async function openStore(env: Readonly<Record<string, string>>): Promise<Store> {
  const nats = await connect({
    servers: env.ANTIPHON_NATS?.split(',') ?? [],
    name: 'chaos',
    maxReconnectAttempts: -1,
    pingInterval: 1000,
  });
  const client = new cassandra.Client({
    contactPoints: env.ANTIPHON_CASSANDRA?.split(',') ?? [],
    localDataCenter: env.ANTIPHON_CASSANDRA_DATACENTER ?? 'datacenter1',
    keyspace: env.ANTIPHON_CASSANDRA_KEYSPACE ?? 'antiphon',
    queryOptions: { consistency: cassandra.types.consistencies.quorum },
  });
  const rows = async (query: string, params: string[]): Promise<cassandra.types.Row[]> =>
    (await client.execute(query, params, { prepare: true })).rows;

  return {
    leaderOf: async (shard) => {
      const { cluster } = await infoOf(nats, shardStream(PLAYER, shard));
      if (!cluster?.leader) throw new Error(`shard ${shard} of the players' journal has no leader`);
      return cluster.leader;
    },
    consumersBehind: () => consumersBehind(nats),
    async read({ username, userId, line }) {
      const [session, history, likes, accounts, claims, names] = await Promise.all([
        sessionOf(nats, userId),
        historyOf(line),
        rows('SELECT song_id, row FROM likes_song WHERE user_id = ?', [userId]),
        rows('SELECT row FROM accounts WHERE user_id = ?', [userId]),
        rows('SELECT row FROM username_claims WHERE username = ?', [username]),
        rows('SELECT row FROM usernames WHERE initial = ? AND username = ?', [
          username.slice(0, 1),
          username,
        ]),
      ]);
      const account = rowIn<{ account?: { displayName: string } }>(accounts[0])?.account;
      return {
        session,
        history,
        likes: new Map(
          likes.map((row) => [row.song_id as string, rowIn<{ liked: boolean }>(row)?.liked ?? false]),
        ),
        displayName: account?.displayName,
        nameOwners: [claims[0], names[0]].map((row) => rowIn<{ userId: string }>(row)?.userId),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([nats.close(), client.shutdown()]);
    },
  };
}

const shardStream = (stream: string, shard: number): string => `${NAMESPACE}-journal-${stream}-${shard}`;

const rowIn = <T>(row: cassandra.types.Row | undefined): T | undefined =>
  row && (JSON.parse(row.row as string) as T);

interface ApiError {
  readonly error?: { readonly err_code: number; readonly description: string };
}

async function ask<T>(nats: NatsConnection, api: string, body: unknown): Promise<T & ApiError> {
  const reply = await nats.request(`$JS.API.${api}`, JSON.stringify(body), { timeout: ASK_MS_MAX });
  return reply.json<T & ApiError>();
}

interface StreamInfo {
  readonly cluster?: { readonly leader?: string };
  readonly state: { readonly last_seq: number; readonly subjects?: Readonly<Record<string, number>> };
}

async function infoOf(nats: NatsConnection, stream: string, subjects?: string): Promise<StreamInfo> {
  const answer = await ask<StreamInfo>(nats, `STREAM.INFO.${stream}`, {
    ...(subjects !== undefined && { subjects_filter: subjects }),
  });
  if (answer.error) throw new Error(`${stream}: ${answer.error.description}`);
  return answer;
}

interface Message {
  readonly seq: number;
  readonly data: string;
}

/** Whatever shard the session lies in: the subject is looked for in all, so that a copy in another one shows. */
async function sessionOf(nats: NatsConnection, userId: string): Promise<StoredRecord[]> {
  const shards = await Promise.all(
    Array.from({ length: JOURNAL_SHARDS }, async (_, shard) => {
      const subject = `${NAMESPACE}.journal.${PLAYER}.${shard}.${PLAYER}=2E${userId}`;
      return recordsOf(nats, shardStream(PLAYER, shard), subject);
    }),
  );
  return shards.flat();
}

async function recordsOf(nats: NatsConnection, stream: string, subject: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let seq = 1; ; ) {
    const { message, error } = await ask<{ message: Message }>(nats, `STREAM.MSG.GET.${stream}`, {
      seq,
      next_by_subj: subject,
    });
    if (error?.err_code === NO_MESSAGE) return records;
    if (error) throw new Error(`${stream}: ${error.description}`);
    const data = JSON.parse(Buffer.from(message.data, 'base64').toString()) as Omit<StoredRecord, 'seq'>;
    records.push({ ...data, seq: message.seq });
    seq = message.seq + 1;
  }
}

async function historyOf(line: Line): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(READ_PAGE), ...(cursor && { cursor }) });
    const answer = await line.rest('GET', `/me/history?${query}`);
    if (!isSuccess(answer)) throw new Error(`no history: ${JSON.stringify(answer)}`);
    const page = answer.body as { items: HistoryEntry[]; nextCursor?: string };
    entries.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return entries;
}

/** `antiphon.consumers.<stream>.<consumer>.<shard>` holds how far it is, one message each. */
async function consumersBehind(nats: NatsConnection): Promise<string[]> {
  const { state } = await infoOf(nats, CONTROL, '>');
  const behind: string[] = [];
  for (const subject of Object.keys(state.subjects ?? {})) {
    const [, kind, stream = '', consumer = '', shard = ''] = subject.split('.');
    if (kind === 'parked') behind.push(`parked: ${subject}`);
    if (kind !== 'consumers') continue;
    const { message } = await ask<{ message: Message }>(nats, `STREAM.MSG.GET.${CONTROL}`, {
      last_by_subj: subject,
    });
    const { seq } = JSON.parse(Buffer.from(message.data, 'base64').toString()) as { seq: number };
    const { state: its } = await infoOf(nats, shardStream(stream, Number(shard)));
    if (seq < its.last_seq)
      behind.push(`${consumer} of ${stream}, shard ${shard}: at ${seq} of ${its.last_seq}`);
  }
  return behind;
}
