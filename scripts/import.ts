/**
 * npm run import -- [--eager] [--watch] FOLDER…: takes in a person's own music. Safe to run again; exit code 1 when
 * it could not.
 */
import { readSettings } from '../config/settings.ts';
import { isCluster } from '../infra/open-engines.ts';
import { systemClock } from '../kit/sources.ts';
import { openLibrary } from '../library.config.ts';
import { runLibraryCommand, watchLibrary } from '../media/library/command.ts';

const args = process.argv.slice(2);
const folders = args.filter((arg) => !arg.startsWith('--'));
const flags = new Set(args.filter((arg) => arg.startsWith('--')));
const isKnown = [...flags].every((flag) => ['--eager', '--watch'].includes(flag)) && flags.size < 2;
if (folders.length === 0 || !isKnown) {
  console.error('usage: npm run import -- [--watch | --eager] FOLDER…');
  console.error('  --watch  then goes on to follow what changes in the folders');
  console.error('  --eager  packages every song now instead of when it is first played');
  process.exit(2);
}

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () =>
    abort.abort(new Error('It was interrupted; run the same command again to go on.')),
  );
}

const terminal = {
  folders,
  clock: systemClock,
  write: (text: string) => void process.stdout.write(text),
  ...(process.stdout.isTTY && { columns: process.stdout.columns }),
  signal: abort.signal,
};

try {
  const settings = readSettings(process.env, process.cwd());
  if (flags.has('--eager') || isCluster(settings)) {
    // What only this needs costs a look through an unchanged folder more than the look itself.
    const { openImport } = await import('../ingest.config.ts');
    const { runImportCommand } = await import('../media/ingest/command.ts');
    await using bulk = await openImport(settings);
    console.log(`  ${bulk.by}`);
    process.exitCode = await runImportCommand({ ...terminal, importing: bulk.run });
  } else {
    await using opened = await openLibrary(settings);
    const command = { ...terminal, library: opened.library };
    process.exitCode = await runLibraryCommand(command);
    if (flags.has('--watch') && process.exitCode === 0) await watchLibrary(command);
  }
} catch (error) {
  console.error(`antiphon: ${(error as Error).message}`);
  process.exitCode = 1;
}
