/** npm run import -- FOLDER…: takes in a person's own music. Safe to run again; exit code 1 when it could not. */

import { readSettings } from '../config/settings.ts';
import { openImport } from '../ingest.config.ts';
import { systemClock } from '../kit/sources.ts';
import { runImportCommand } from '../media/ingest/command.ts';

const folders = process.argv.slice(2);
if (folders.length === 0 || folders.some((folder) => folder.startsWith('--'))) {
  console.error('usage: npm run import -- FOLDER…');
  process.exit(2);
}

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () =>
    abort.abort(new Error('It was interrupted; run the same command again to go on.')),
  );
}

try {
  await using bulk = await openImport(readSettings(process.env, process.cwd()));
  console.log(`  ${bulk.by}`);
  process.exitCode = await runImportCommand({
    folders,
    importing: bulk.run,
    clock: systemClock,
    write: (text) => process.stdout.write(text),
    ...(process.stdout.isTTY && { columns: process.stdout.columns }),
    signal: abort.signal,
  });
} catch (error) {
  console.error(`antiphon: ${(error as Error).message}`);
  process.exitCode = 1;
}
