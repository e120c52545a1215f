/** npm start: the whole service in one process, with the web player. */
import { startService } from '../broker.config.ts';
import { readSettings, SettingsError, unknownSettings } from '../config/settings.ts';
import { AlreadyRunningError } from '../infra/bus/local-socket.ts';
import { AntiphonError } from '../kit/errors.ts';
import { setLogLevel } from '../kit/log.ts';
import type { DemoProgress } from '../media/demo/demo.ts';

const say = (text = '') => process.stdout.write(`${text}\n`);

function fail(error: unknown): never {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  // What the machine or its owner can mend is one sentence; anything else is ours and shows where.
  const isTheirs = error instanceof SettingsError || error instanceof AntiphonError || code !== undefined;
  if (code === 'EADDRINUSE') {
    say(`antiphon: ${message}. Set ANTIPHON_PORT to a free port.`);
  } else say(`antiphon: ${isTheirs || error instanceof AlreadyRunningError ? message : stack}`);
  process.exit(1);
}

const startedMs = performance.now();
try {
  const settings = readSettings(process.env, process.cwd());
  for (const line of unknownSettings(process.env)) say(`antiphon: ${line}`);
  // A person at the terminal is told what matters below; the log is for machines unless asked for.
  const asked = process.env.ANTIPHON_LOG_LEVEL;
  setLogLevel(!asked && process.stderr.isTTY ? 'warn' : settings.logLevel);

  const service = await startService(settings);
  say();
  say(`  Antiphon is ready at ${service.url}`);
  if (service.setupCode) say(`  Make the administrator:  ${service.url}/?code=${service.setupCode}`);
  say(`  API: ${service.url}/docs    data: ${settings.dataDir}`);
  say(`  (started in ${((performance.now() - startedMs) / 1000).toFixed(1)} s; Ctrl-C stops it)`);
  say();

  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    say('antiphon: stopping …');
    await service[Symbol.asyncDispose]();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop().catch(fail);
    });
  }
  const tell = ({ title, done, total }: DemoProgress) => say(`  demo music ${done}/${total}  ${title}`);
  await service.demo(tell).catch((error: unknown) => {
    if (!stopping) say(`antiphon: the demo music could not be made: ${(error as Error).message}`);
  });
} catch (error) {
  fail(error);
}
