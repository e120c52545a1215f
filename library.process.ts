/**
 * Reads the folders of a library in a process of its own, so that no player waits for it. It ends with the
 * service that began it, and loses nothing when it is killed.
 */
import { constants, setPriority } from 'node:os';
import { LIBRARY_READER_TOLD_EVERY_MS } from './config/limits.ts';
import type { Settings } from './config/settings.ts';
import { logger, setLogLevel } from './kit/log.ts';
import { systemClock } from './kit/sources.ts';
import { openLibrary } from './library.config.ts';
import { createKeeper, type Keeper } from './media/library/keeper.ts';
import type { FromReader, ToReader } from './media/library/messages.ts';

setPriority(constants.priority.PRIORITY_LOW);

const tell = (message: FromReader): void => {
  if (process.connected) process.send?.(message);
};

async function open(settings: Settings): Promise<Keeper> {
  setLogLevel(settings.logLevel);
  const opened = await openLibrary(settings);
  const keeper = createKeeper({
    library: opened.library,
    clock: systemClock,
    onState: (folderId, state, watched) => tell({ t: 'state', folderId, watched, ...(state && { state }) }),
  });
  await keeper.start();
  return keeper;
}

setInterval(() => tell({ t: 'alive' }), LIBRARY_READER_TOLD_EVERY_MS).unref();

let opening: Promise<Keeper> | undefined;

async function remove(folderId: string, call: number): Promise<void> {
  try {
    await (await opening)?.remove(folderId);
    tell({ t: 'removed', call });
  } catch (error) {
    tell({ t: 'removed', call, error: (error as Error).message });
  }
}

process.on('message', (message: ToReader) => {
  if (message.t === 'open') opening = open(message.settings as Settings).catch(fail);
  else if (message.t === 'look') void opening?.then((keeper) => keeper.look(message.folderId));
  else void remove(message.folderId, message.call);
});
// Nothing is half done that the next look would not finish.
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

function fail(err: unknown): never {
  logger('library').error({ err }, 'the folders cannot be read');
  process.exit(1);
}
