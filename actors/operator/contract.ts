/** What operators ask of the running service. No route of the gateway leads here. */
import { type Static, Type } from 'typebox';
import { OPERATOR_RECORDS_MAX } from '../../config/limits.ts';
import { command, defineContract, Id, object, query, TimeMs } from '../../kit/contract.ts';
import { ManagedUser } from '../accounts/contract.ts';

const who = { userId: Id };

export const SessionShown = object({
  /** The node that was asked: the one to which the user's commands go. */
  node: Type.String(),
  /** Whether the session is in that node's memory; if not, it was folded for this answer only. */
  resident: Type.Boolean(),
  /** Commands in the session's mailbox. */
  waiting: Type.Integer({ minimum: 0 }),
  usedAtMs: Type.Optional(TimeMs),
  /** Of the last record that the state includes; 0 for none. */
  seq: Type.Integer({ minimum: 0 }),
  /** As the session itself holds it; its shape is the session's own business. */
  state: Type.Unknown(),
});
export type SessionShown = Static<typeof SessionShown>;

export const RecordShown = object({
  seq: Type.Integer({ minimum: 1 }),
  atMs: TimeMs,
  /** Without tokens and secrets, should any ever have been journaled. */
  data: Type.Unknown(),
});
export type RecordShown = Static<typeof RecordShown>;

const parkedKey = {
  stream: Type.String({ maxLength: 128 }),
  consumer: Type.String({ maxLength: 128 }),
  subject: Type.String({ maxLength: 1024 }),
  seq: Type.Integer({ minimum: 1 }),
};

/** A record that a consumer could not handle. */
export const ParkedShown = object({
  ...parkedKey,
  atMs: TimeMs,
  parkedAtMs: TimeMs,
  /** What the last attempt failed with. */
  error: Type.String(),
  /** Without tokens and secrets. */
  data: Type.Unknown(),
});
export type ParkedShown = Static<typeof ParkedShown>;

export const operatorContract = defineContract({
  name: 'operator',
  key: 'userId',
  actions: {
    user: query('An account by its username or id', {
      params: object({ user: Type.String({ minLength: 1, maxLength: 64 }) }),
      result: ManagedUser,
    }),
    users: query('Accounts by username (OPERATOR_USERS_SHOWN_MAX at most)', {
      params: object({ prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) }),
      result: object({ items: Type.Array(ManagedUser), more: Type.Boolean() }),
    }),
    session: query('The state of a player session, without waking it', {
      params: object(who),
      result: SessionShown,
    }),
    kick: command('Drop a player session from memory; the next command folds the journal anew', {
      params: object(who),
      result: object({ node: Type.String(), wasResident: Type.Boolean() }),
      idempotent: true,
    }),
    journal: query('The newest records of a journal subject, oldest of them first', {
      params: object({
        /** `<stream>.<id>`, e.g. `player.<userId>`. */
        subject: Type.String({ pattern: '^[a-z][a-z-]*\\.[\\w.-]+$', maxLength: 128 }),
        last: Type.Optional(Type.Integer({ minimum: 1, maximum: OPERATOR_RECORDS_MAX })),
      }),
      result: object({
        records: Type.Array(RecordShown),
        /** Older records were left out: `last` or OPERATOR_RECORDS_BYTES_MAX was reached. */
        more: Type.Boolean(),
      }),
    }),
    parked: query('Journal records that a consumer could not handle, oldest first', {
      params: object({ stream: Type.Optional(parkedKey.stream) }),
      result: object({ records: Type.Array(ParkedShown), more: Type.Boolean() }),
    }),
    replayParked: command('Have a parked record tried once more by its consumer', {
      params: object(parkedKey),
      /** With an error it failed again and is still parked. */
      result: object({ error: Type.Optional(Type.String()) }),
    }),
  },
});
