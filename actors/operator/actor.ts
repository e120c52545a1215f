/** An operator's look inside the running service. */
import {
  OPERATOR_RECORDS_BYTES_MAX,
  OPERATOR_RECORDS_DEFAULT,
  OPERATOR_USERS_SHOWN_MAX,
  PARKED_SHOWN_MAX,
} from '../../config/limits.ts';
import type { Handlers } from '../../kit/contract.ts';
import { BadRequestError, NotFoundError } from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { validatorOf } from '../../kit/validate.ts';
import { accountsContract, type ManagedUser } from '../accounts/contract.ts';
import type { operatorContract } from './contract.ts';
import { newestWithin, parkedWithin, withoutSecrets } from './domain.ts';
import type { Accounts, JournalReader, Sessions } from './ports.ts';

const log = logger('operator');

export interface OperatorDeps {
  readonly sessions: Sessions;
  readonly journal: JournalReader;
  readonly accounts: Accounts;
  /** The node that this runs on. */
  readonly nodeId: string;
}

const isId = validatorOf(accountsContract.actions.user.params.properties.userId);
const isPrefix = validatorOf(accountsContract.actions.list.params.properties.prefix);

const unknownUser = (user: string): NotFoundError =>
  new NotFoundError(
    'USER_NOT_FOUND',
    `Nobody here is called ${user} or has that id; look with: users PREFIX`,
  );

export function createOperator({
  sessions,
  journal,
  accounts,
  nodeId,
}: OperatorDeps): Handlers<typeof operatorContract> {
  const byId = async (userId: string): Promise<ManagedUser> => {
    try {
      return (await accounts.user({ userId })).user;
    } catch (error) {
      throw error instanceof NotFoundError ? unknownUser(userId) : error;
    }
  };

  /** The exact name sorts before all the longer ones that begin with it. */
  async function byUsername(username: string): Promise<ManagedUser | undefined> {
    if (!isPrefix.Check(username)) return undefined;
    const [first] = (await accounts.list({ prefix: username, limit: 1 })).items;
    return first?.username === username.toLowerCase() ? first : undefined;
  }

  return {
    async user({ user }) {
      const named = await byUsername(user);
      if (named) return named;
      if (!isId.Check(user)) throw unknownUser(user);
      return byId(user);
    },

    async users({ prefix }) {
      if (prefix !== undefined && !isPrefix.Check(prefix)) {
        throw new BadRequestError(
          'BAD_PREFIX',
          'A username is made of a-z, 0-9, dots, hyphens and underscores.',
        );
      }
      const page = await accounts.list({ ...(prefix && { prefix }), limit: OPERATOR_USERS_SHOWN_MAX });
      return { items: page.items, more: page.nextCursor !== undefined };
    },

    async session({ userId }) {
      const { resident, waiting, usedAtMs, ...known } = sessions.inspect(userId);
      const { state, seq } =
        known.state !== undefined && known.seq !== undefined ? known : await sessions.fold(userId);
      return {
        node: nodeId,
        resident,
        waiting,
        ...(usedAtMs !== undefined && { usedAtMs }),
        seq: seq as number,
        state: withoutSecrets(state),
      };
    },

    async kick({ userId }) {
      const { resident } = sessions.inspect(userId);
      await sessions.kick(userId);
      log.info({ userId, wasResident: resident }, 'session kicked');
      return { node: nodeId, wasResident: resident };
    },

    async journal({ subject, last = OPERATOR_RECORDS_DEFAULT }) {
      const stream = subject.slice(0, subject.indexOf('.'));
      // One more than asked for tells whether there are older ones.
      const newest = await journal.read(stream, subject, 0, last + 1);
      const records = newestWithin(newest.slice(-last), OPERATOR_RECORDS_BYTES_MAX);
      return { records, more: newest.length > records.length };
    },

    async parked({ stream }) {
      const all = await journal.parked(stream);
      const records = parkedWithin(all, OPERATOR_RECORDS_BYTES_MAX);
      return { records, more: all.length > records.length || all.length === PARKED_SHOWN_MAX };
    },

    async replayParked(key) {
      await journal.replayParked(key);
      log.info({ ...key }, 'parked record handed over again');
      const still = (await journal.parked(key.stream)).find(
        ({ consumer, subject, seq }) =>
          consumer === key.consumer && subject === key.subject && seq === key.seq,
      );
      return still ? { error: still.error } : {};
    },
  };
}
