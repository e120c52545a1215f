/** What a person sees of folders being taken in: how far, how fast, until when, and each file refused with why. */
import { LIBRARY_REFUSED_SHOWN_MAX, SECOND_MS } from '../../config/limits.ts';
import { AntiphonError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import { cutTo, indented, lasting, printable } from '../ingest/command.ts';
import { createKeeper } from './keeper.ts';
import type { Library } from './library.ts';
import type { ScanProgress, ScanResult } from './scan.ts';

export interface LibraryCommand {
  readonly folders: readonly string[];
  readonly library: Library;
  readonly clock: Clock;
  readonly write: (text: string) => void;
  /** Of a terminal, where one line is rewritten; absent where lines are added. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

const PROGRESS_EVERY_MS = SECOND_MS;
const BAR_CHARS = 20;

/** The exit code: 0 when the folders were read, whatever was refused; 1 when they could not be. */
export async function runLibraryCommand(command: LibraryCommand): Promise<number> {
  const { library, clock, write, signal } = command;
  let failed = false;
  for (const path of command.folders) {
    try {
      const { folderId, under } = await library.add(path);
      const startedMs = clock.nowMs();
      const onProgress = progressLines(command);
      const onWait = (): void => write('  The folder is being read already; this waits for its end.\n');
      const result = await library.scan(folderId, { under, onProgress, onWait, ...(signal && { signal }) });
      write(summaryOf(result, clock.nowMs() - startedMs));
      await writeRefusals(folderId, under, command);
    } catch (error) {
      if (!(error instanceof AntiphonError)) throw error;
      write(`\nThe import stopped: ${printable(error.message)}\n`);
      write('What was taken in stays; run the same command again to go on.\n');
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

/** Follows the folders of the library until `signal` says to stop. */
export async function watchLibrary({ library, clock, write, signal }: LibraryCommand): Promise<void> {
  const changes = ({ released, copies, gone, refused }: ScanResult): string =>
    `  ${released} taken in, ${copies} copies, ${gone} gone, ${refused} refused\n`;
  await using keeper = createKeeper({
    library,
    clock,
    onState: () => undefined,
    onLooked: (_folderId, result) => {
      if (result.released + result.copies + result.gone > 0) write(changes(result));
    },
  });
  await keeper.start();
  write('Watching for changes; Ctrl+C ends it.\n');
  await new Promise<void>((resolve) => {
    // Its timers and watchers keep no process alive.
    const alive = setInterval(() => undefined, 60 * SECOND_MS);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (!signal || signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function progressLines({ clock, write, columns }: LibraryCommand): (progress: ScanProgress) => void {
  const startedMs = clock.nowMs();
  let shownMs = startedMs;
  return (progress) => {
    const nowMs = clock.nowMs();
    const isLast = progress.done === progress.total;
    if (nowMs - shownMs < PROGRESS_EVERY_MS && !isLast) return;
    shownMs = nowMs;
    const line = progressLine(progress, nowMs - startedMs);
    // A line that wraps could not be rewritten.
    write(columns ? `\r\x1b[K${cutTo(columns - 1, line)}${isLast ? '\n' : ''}` : `${line}\n`);
  };
}

function progressLine({ path, done, total, refused }: ScanProgress, elapsedMs: number): string {
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const full = total > 0 ? Math.round((done / total) * BAR_CHARS) : BAR_CHARS;
  const left = perSecond > 0 ? `${lasting(((total - done) / perSecond) * 1000)} left` : '';
  return [
    `  ${'█'.repeat(full)}${'░'.repeat(BAR_CHARS - full)}`,
    `${done}/${total}`,
    `${Math.round(perSecond)} files/s`,
    left,
    ...(refused > 0 ? [`${refused} refused`] : []),
    printable(path.slice(path.lastIndexOf('/') + 1)),
  ]
    .filter((part) => part !== '')
    .join('  ');
}

const summaryOf = (
  { total, released, unchanged, copies, refused, gone }: ScanResult,
  elapsedMs: number,
): string =>
  `\n${total} files in ${lasting(elapsedMs)}: ${released} taken in, ${unchanged} unchanged, ${copies} copies, ${gone} gone, ${refused} refused.\n`;

async function writeRefusals(
  folderId: string,
  under: string,
  { library, write }: LibraryCommand,
): Promise<void> {
  const { path: root } = await library.folder(folderId);
  let shown = 0;
  for await (const { ck, row } of library.refusalsOf(folderId)) {
    if (under !== '' && !ck[0].startsWith(`${under}/`)) continue;
    if (shown++ === 0) write('\nRefused:\n');
    if (shown > LIBRARY_REFUSED_SHOWN_MAX) {
      write(`  and more: the first ${LIBRARY_REFUSED_SHOWN_MAX} are shown.\n`);
      return;
    }
    write(`  ${printable(`${root}/${ck[0]}`)}\n${indented(`${printable(row.why)} [${row.code}]`)}\n`);
  }
}
