/** Our commands in the REPL, each from its arguments to the text that it prints. */
import { parseArgs } from 'node:util';
import type { Profile } from '../../actors/accounts/contract.ts';
import type { operatorContract } from '../../actors/operator/contract.ts';
import { PLAYER_STREAM } from '../../actors/player-session/contract.ts';
import type { Client } from '../../kit/client.ts';
import { BadRequestError } from '../../kit/errors.ts';
import { ID_LENGTH } from '../../kit/sources.ts';
import { journalText, parkedKeyOf, parkedText, sessionText, usersText } from './format.ts';

type Operator = Client<typeof operatorContract>;

export interface Args {
  /** What stands behind the command's name. */
  readonly target?: string;
  readonly last?: string;
}

export interface ReplCommand {
  readonly name: string;
  /** As commander writes it: the one in angle brackets must be given. */
  readonly argument: '<user>' | '<subject>' | '<key>' | '[prefix]' | '[stream]';
  readonly usage: string;
  readonly summary: string;
  readonly takesLast?: true;
  run(operator: Operator, args: Args): Promise<string>;
}

/** Told from a username by the id at its end. */
const SUBJECT = new RegExp(`^[a-z][a-z-]*\\.[0-9A-Za-z]{${ID_LENGTH}}$`);

const userOf = (operator: Operator, { target = '' }: Args): Promise<Profile> =>
  operator.user({ user: target });

export const REPL_COMMANDS: readonly ReplCommand[] = [
  {
    name: 'session',
    argument: '<user>',
    usage: 'session USER',
    summary: 'State of the player session of a user (username or id), its seq and its node',
    async run(operator, args) {
      const user = await userOf(operator, args);
      return sessionText(user, await operator.session({ userId: user.userId }));
    },
  },
  {
    name: 'journal',
    argument: '<subject>',
    usage: 'journal SUBJECT|USER [--last N]',
    summary: 'The newest records of a subject such as player.<userId>; of a user, those of the player',
    takesLast: true,
    async run(operator, args) {
      const { target = '', last } = args;
      const subject = SUBJECT.test(target)
        ? target
        : `${PLAYER_STREAM}.${(await userOf(operator, args)).userId}`;
      const { records, more } = await operator.journal({ subject, ...(last && { last: Number(last) }) });
      return journalText(subject, records, more);
    },
  },
  {
    name: 'kick',
    argument: '<user>',
    usage: 'kick USER',
    summary: 'Drop a user’s player session from memory; the next command folds the journal anew',
    async run(operator, args) {
      const { userId, username } = await userOf(operator, args);
      const { node, wasResident } = await operator.kick({ userId });
      return wasResident
        ? `The session of ${username} was dropped on ${node}; the next command folds the journal anew.`
        : `The session of ${username} was not in memory on ${node}.`;
    },
  },
  {
    name: 'users',
    argument: '[prefix]',
    usage: 'users [PREFIX]',
    summary: 'Users whose name begins with PREFIX',
    async run(operator, { target }) {
      const { items, more } = await operator.users({ ...(target && { prefix: target }) });
      return usersText(items, more);
    },
  },
  {
    name: 'parked',
    argument: '[stream]',
    usage: 'parked [STREAM]',
    summary: 'Journal records that a consumer could not handle, each with its error and its KEY',
    async run(operator, { target }) {
      const { records, more } = await operator.parked({ ...(target && { stream: target }) });
      return parkedText(records, more);
    },
  },
  {
    name: 'replay-parked',
    argument: '<key>',
    usage: 'replay-parked KEY',
    summary: 'Have a parked record tried once more by its consumer',
    async run(operator, { target = '' }) {
      const key = parkedKeyOf(target);
      if (!key) throw misused('A KEY is what parked prints: STREAM/CONSUMER/SUBJECT/SEQ');
      const { error } = await operator.replayParked(key);
      return error ? `It failed again and stays parked: ${error}` : 'It was handled and is parked no more.';
    },
  },
];

export const HELP = REPL_COMMANDS.map(({ usage, summary }) => `${usage.padEnd(32)}  ${summary}`).join('\n');

const misused = (message: string): BadRequestError => new BadRequestError('BAD_COMMAND', message);

/** One line as it is typed, without a terminal: only our commands, and `help`. */
export async function runLine(operator: Operator, line: string): Promise<string> {
  const [name = '', ...words] = line.trim().split(/\s+/);
  if (name === 'help') return HELP;
  const command = REPL_COMMANDS.find((each) => each.name === name);
  if (!command) throw misused(`There is no command ${name} here. There are:\n${HELP}`);
  return command.run(operator, argsOf(command, words));
}

function argsOf({ argument, usage, takesLast }: ReplCommand, words: string[]): Args {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: takesLast ? { last: { type: 'string' } } : {},
      allowPositionals: true,
    });
    const [target, ...tooMany] = positionals;
    if (tooMany.length > 0 || (argument.startsWith('<') && !target)) throw misused(`Use: ${usage}`);
    const { last } = values as { last?: string };
    return { ...(target && { target }), ...(last && { last }) };
  } catch (error) {
    throw error instanceof BadRequestError ? error : misused(`${(error as Error).message} Use: ${usage}`);
  }
}
