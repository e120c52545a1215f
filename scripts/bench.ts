/** npm run bench -- [--record] NAME…: runs benchmarks and, with --record, puts them into docs/benchmarks.md. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BenchReport } from '../test/bench/report.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'test', 'bench');
const page = join(root, 'docs', 'benchmarks.md');
const known = readdirSync(folder).flatMap((file) => file.match(/^(.+)\.bench\.ts$/)?.slice(1) ?? []);

const args = process.argv.slice(2);
const record = args.includes('--record');
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => !known.includes(name));
if (names.length === 0 || unknown.length > 0) {
  console.error(`usage: npm run bench -- [--record] NAME…  (there are: ${known.join(', ')})`);
  process.exit(2);
}

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;

const sectionOf = (report: BenchReport): string =>
  [
    `## ${report.name}`,
    '',
    `Goal: ${report.goal}. Measured: **${report.measured}** (${report.met ? 'met' : 'not met'}).`,
    '',
    '| case | figure |',
    '|---|---|',
    ...report.rows.map(([label, value]) => `| ${label} | ${value} |`),
    '',
    `${new Date().toISOString().slice(0, 10)}, ${machine}. Repeat: \`npm run bench -- ${report.name}\`.`,
    '',
  ].join('\n');

/** The page with this report's section put in place of the one before. */
function withSection(text: string, report: BenchReport): string {
  const sections = text.split(/^(?=## )/m).filter((part) => !part.startsWith(`## ${report.name}\n`));
  const [head = '', ...rest] = sections;
  const sorted = [...rest.map((part) => `${part.trim()}\n\n`), `${sectionOf(report)}\n`].sort();
  return `${head.trim()}\n\n${sorted.join('').trim()}\n`;
}

for (const name of names) {
  const { default: bench } = (await import(join(folder, `${name}.bench.ts`))) as {
    default: () => Promise<BenchReport>;
  };
  const report = await bench();
  console.log(sectionOf(report));
  if (record) writeFileSync(page, withSection(readFileSync(page, 'utf8'), report));
}
process.exit(0);
