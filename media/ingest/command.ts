/** What a person sees of an import: where it is, how fast, and at the end each file refused with the reason. */
import { MINUTE_MS, SECOND_MS } from '../../config/limits.ts';
import { AntiphonError } from '../../kit/errors.ts';
import type { Clock } from '../../kit/sources.ts';
import type { ImportProgress, ImportSummary, ImportWalk } from './import.ts';

export interface ImportCommand {
  readonly folders: readonly string[];
  /** Takes the folders in by itself (importFolder), or hands them to a cluster's workers (enqueueImport). */
  readonly importing: (walk: ImportWalk) => Promise<ImportSummary>;
  readonly clock: Clock;
  readonly write: (text: string) => void;
  /** Of a terminal, where one line is rewritten; absent where lines are added. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

const PROGRESS_EVERY_MS = SECOND_MS;

/**
 * The exit code: 0 when the folders were read, whatever was refused; 1 when they could not be.
 * @throws what is no error of ours, the signal's reason among it
 */
export async function runImportCommand(command: ImportCommand): Promise<number> {
  const { clock, write, columns, importing, ...walk } = command;
  const startedMs = clock.nowMs();
  let shownMs = startedMs;
  const onProgress = (progress: ImportProgress): void => {
    const nowMs = clock.nowMs();
    const isLast = progress.done === progress.total;
    if (nowMs - shownMs < PROGRESS_EVERY_MS && !isLast) return;
    shownMs = nowMs;
    const line = progressLine(progress, nowMs - startedMs);
    // A line that wraps could not be rewritten.
    write(columns ? `\r\x1b[K${cutTo(columns - 1, line)}${isLast ? '\n' : ''}` : `${line}\n`);
  };
  try {
    const summary = await importing({ ...walk, onProgress });
    write(summaryText(summary, clock.nowMs() - startedMs));
    return 0;
  } catch (error) {
    if (!(error instanceof AntiphonError)) throw error;
    write(`\nThe import stopped: ${printable(error.message)}\n`);
    write('What was taken in stays; run the same command again to go on.\n');
    return 1;
  }
}

export function cutTo(chars: number, line: string): string {
  const all = [...line];
  return all.length <= chars ? line : `${all.slice(0, chars - 1).join('')}…`;
}

function progressLine({ file, done, total, refused, encodedMs }: ImportProgress, elapsedMs: number): string {
  const perMinute = elapsedMs > 0 ? Math.round((done * 60_000) / elapsedMs) : 0;
  const parts = [`${done}/${total}`, `${perMinute} files/min`];
  if (encodedMs > 0) parts.push(`${(encodedMs / elapsedMs).toFixed(1)} x realtime`);
  if (refused > 0) parts.push(`${refused} refused`);
  return `  ${parts.join('  ')}  ${printable(file.slice(file.lastIndexOf('/') + 1))}`;
}

export function summaryText(summary: ImportSummary, elapsedMs: number): string {
  const { total, released, unchanged, duplicates, refused, encodedMs, encodedCpuMs } = summary;
  const perCore = encodedCpuMs > 0 ? `, ${(encodedMs / encodedCpuMs).toFixed(1)} x realtime per core` : '';
  return [
    '',
    `${total} files in ${lasting(elapsedMs)}: ${released} taken in, ${unchanged} unchanged, ${duplicates.length} copies, ${refused.length} refused.`,
    ...(encodedMs > 0 ? [`${lasting(encodedMs)} of music encoded${perCore}.`] : []),
    ...(duplicates.length > 0 ? ['', 'The same sound twice:'] : []),
    ...duplicates.map(({ file, of }) => `  ${printable(file)}\n    is a copy of ${printable(of)}`),
    ...(refused.length > 0 ? ['', 'Refused:'] : []),
    ...refused.map(
      ({ file, code, why }) => `  ${printable(file)}\n${indented(`${printable(why)} [${code}]`)}`,
    ),
    '',
  ].join('\n');
}

export const lasting = (ms: number): string =>
  ms < 100 * SECOND_MS ? `${Math.round(ms / SECOND_MS)} s` : `${(ms / MINUTE_MS).toFixed(1)} min`;

const TEXT_COLUMNS = 76;

/** Broken between words, so that it can be read at 80 columns. */
export const indented = (text: string): string =>
  (text.match(new RegExp(`\\S.{0,${TEXT_COLUMNS - 5}}(?=\\s|$)|\\S+`, 'gu')) ?? [])
    .map((line) => `    ${line}`)
    .join('\n');

/** A file's name may hold anything, also what would command the terminal. */
export const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
