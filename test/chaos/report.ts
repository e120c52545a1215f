/** A run's figures as text: a row for each fault and one for all, then the books. */
import type { Book } from './books.ts';
import type { Report } from './run.ts';
import { failedIn, percentile, type Window } from './tally.ts';

const HEAD = [
  'fault',
  'part',
  'calls',
  'failed',
  'p50',
  'p99',
  'longest pause',
  'segments',
  'longest silence',
];
const WRONG_SHOWN_MAX = 20;

export function reportText({ seed, listeners, windows, books }: Report): string {
  const during = windows.filter(({ label }) => label !== 'closing');
  const rows = [HEAD, ...during.map((window) => rowOf(window)), rowOf(totalOf(during))];
  const failures = during.flatMap((window) =>
    [...window.failed].map(([what, times]) => `  ${window.label}: ${times} x ${what}`),
  );
  const lateMs = Math.max(...during.map(({ driverLateMsMax }) => driverLateMsMax));
  return [
    '',
    ...tableOf(rows),
    '',
    `${listeners} listeners; the driver itself was late by up to ${ms(lateMs)}.`,
    ...(failures.length > 0 ? ['Failed calls, as listeners saw them:', ...failures] : []),
    '',
    ...books.flatMap(bookLines),
    '',
    `Seed ${seed}: the same seed makes the same schedule of faults.`,
    '',
  ].join('\n');
}

export const isInOrder = ({ books }: Report): boolean => books.every(({ wrong }) => wrong.length === 0);

const ms = (value: number): string => `${Math.round(value)} ms`;

const rowOf = (window: Window): string[] => [
  window.label,
  window.target ?? '',
  String(window.calls),
  String(failedIn(window)),
  ms(percentile(window.callMs, 0.5)),
  ms(percentile(window.callMs, 0.99)),
  ms(window.pauseMsMax),
  String(window.segments),
  ms(window.silenceMsMax),
];

function totalOf(windows: readonly Window[]): Window {
  const sum = (of: (window: Window) => number): number =>
    windows.reduce((all, window) => all + of(window), 0);
  const most = (of: (window: Window) => number): number => Math.max(...windows.map(of));
  return {
    label: 'in all',
    calls: sum(({ calls }) => calls),
    failed: new Map([['', sum(failedIn)]]),
    callMs: windows.flatMap(({ callMs }) => callMs),
    pauseMsMax: most(({ pauseMsMax }) => pauseMsMax),
    segments: sum(({ segments }) => segments),
    segmentsFailed: sum(({ segmentsFailed }) => segmentsFailed),
    silences: sum(({ silences }) => silences),
    silenceMsMax: most(({ silenceMsMax }) => silenceMsMax),
    heldBack: sum(({ heldBack }) => heldBack),
    driverLateMsMax: most(({ driverLateMsMax }) => driverLateMsMax),
  };
}

function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = '', ...rest] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [head, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rest];
}

function bookLines({ rule, checked, wrong }: Book): string[] {
  const shown = wrong.slice(0, WRONG_SHOWN_MAX).map((what) => `      ${what}`);
  const more = wrong.length - shown.length;
  return [
    `${wrong.length === 0 ? 'holds' : 'WRONG'}  ${rule} (${checked})`,
    ...shown,
    ...(more > 0 ? [`      and ${more} more`] : []),
  ];
}
