/**
 * npm run repl [-- --exec "COMMAND"]: the Moleculer REPL on the running service, with commands of ours.
 *
 * Joins the service as a node that hosts nothing: a cluster over NATS when the settings name one
 * (ANTIPHON_NATS), else the process on the data folder. With --exec (also more than once), or with commands
 * piped in, it prints their answers and ends: 0 when all went well, 1 when one failed, 2 for a wrong call or
 * setting, 3 when no service is there.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ServiceBroker } from 'moleculer';
import startRepl from 'moleculer-repl';
import { operatorContract } from '../actors/operator/contract.ts';
import { readSettings, type Settings, SettingsError } from '../config/settings.ts';
import { brokerOptions, NAMESPACE } from '../infra/bus/broker-options.ts';
import { NotRunningError } from '../infra/bus/local-socket.ts';
import { openBus } from '../infra/bus/open-bus.ts';
import { isCluster } from '../infra/open-engines.ts';
import { type Caller, type Client, clientOf } from '../kit/client.ts';
import { AntiphonError } from '../kit/errors.ts';
import { systemIds } from '../kit/sources.ts';
import { type Args, REPL_COMMANDS, runLine } from './repl/commands.ts';

type Operator = Client<typeof operatorContract>;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_NOT_RUNNING = 3;
const ANSWER_WAIT_MS = 10_000;
/** As at the terminal. */
const LEAVES: ReadonlySet<string> = new Set(['exit', 'quit', 'q']);

const say = (text: string) => process.stdout.write(`${text}\n`);
const complain = (text: string) => process.stderr.write(`antiphon: ${text}\n`);

function fail(exitCode: number, text: string): never {
  complain(text);
  process.exit(exitCode);
}

const sentenceOf = (error: unknown): string => {
  if (error instanceof AntiphonError) return error.message;
  return `the service did not answer as it should: ${error instanceof Error ? error.message : String(error)}`;
};

const whereOf = (settings: Settings): string =>
  isCluster(settings)
    ? `the cluster at ${settings.natsServers.join(', ')}`
    : `the service on ${settings.dataDir}`;

async function join(settings: Settings): Promise<ServiceBroker> {
  const where = whereOf(settings);
  const transporter = await openBus(settings, 'spoke').catch((error: unknown) => {
    if (error instanceof NotRunningError) {
      fail(
        EXIT_NOT_RUNNING,
        `no service is running on ${settings.dataDir}. Start it with npm start, or name its folder with ANTIPHON_DATA.`,
      );
    }
    fail(EXIT_NOT_RUNNING, `${where} cannot be joined: ${(error as Error).message}`);
  });
  const nodeId = `${settings.nodeId}-repl-${systemIds.next()}`;
  const broker = new ServiceBroker({
    ...brokerOptions({ nodeId, namespace: NAMESPACE, transporter }),
    internalServices: false,
  });
  broker.localBus.on('$transporter.disconnected', ({ graceFul }: { readonly graceFul: boolean }) => {
    if (!graceFul) fail(EXIT_FAILED, 'the service has stopped.');
  });
  const late = sleep(ANSWER_WAIT_MS, 'late', { ref: false });
  if ((await Promise.race([broker.start(), late])) === 'late') {
    fail(EXIT_NOT_RUNNING, `${where} lets nobody in. Are its servers there, and is this user theirs?`);
  }
  await broker.waitForServices(operatorContract.name, ANSWER_WAIT_MS).catch(() => {
    fail(EXIT_NOT_RUNNING, `${where} does not answer; it may be another version.`);
  });
  return broker;
}

/** A process that was stopped for a while, by Ctrl-Z for one, finds the service anew before it asks. */
const patient = (broker: ServiceBroker): Caller => ({
  async call(action, params, options) {
    await broker.waitForServices(operatorContract.name, ANSWER_WAIT_MS);
    return broker.call(action, params, options);
  },
});

/** Runs the commands one after the other; resolves with the exit code. */
async function runAll(operator: Operator, lines: AsyncIterable<string> | Iterable<string>): Promise<number> {
  let exitCode = 0;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    if (LEAVES.has(line.trim())) break;
    try {
      say(await runLine(operator, line));
    } catch (error) {
      complain(sentenceOf(error));
      exitCode = EXIT_FAILED;
    }
  }
  return exitCode;
}

function openTerminal(broker: ServiceBroker, operator: Operator, where: string): void {
  say(`Joined ${where}. "help" lists the commands; Ctrl-D leaves, and the service goes on.`);
  startRepl(broker, {
    delimiter: 'antiphon $',
    customCommands: REPL_COMMANDS.map(({ name, argument, summary, takesLast, run }) => ({
      command: `${name} ${argument}`,
      description: summary,
      options: takesLast ? [{ option: '--last <N>', description: 'How many records' }] : [],
      alias: null,
      allowUnknownOptions: null,
      parse: null,
      async action(_broker: ServiceBroker, given: Readonly<Record<string, unknown>>) {
        const target = given[argument.slice(1, -1)];
        const args = { ...(given.options as Args), ...(typeof target === 'string' && { target }) };
        await run(operator, args).then(say, (error: unknown) => complain(sentenceOf(error)));
      },
    })),
  });
}

function readCall(): { settings: Settings; exec: string[] } {
  try {
    const { values } = parseArgs({ options: { exec: { type: 'string', multiple: true, default: [] } } });
    return { settings: readSettings(process.env, process.cwd()), exec: values.exec };
  } catch (error) {
    const usage = error instanceof SettingsError ? '' : ' Use: npm run repl [-- --exec "COMMAND"]';
    return fail(EXIT_USAGE, `${(error as Error).message}${usage}`);
  }
}

const { settings, exec } = readCall();
const broker = await join(settings);
const operator = clientOf(operatorContract, patient(broker));
if (exec.length === 0 && process.stdin.isTTY) {
  openTerminal(broker, operator, whereOf(settings));
} else {
  const lines = exec.length > 0 ? exec : createInterface({ input: process.stdin });
  const exitCode = await runAll(operator, lines);
  await broker.stop();
  process.exit(exitCode);
}
