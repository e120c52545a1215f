/** Writes to the folder given as argument until it is killed; prints a line for each acknowledged write. */
import { writeSync } from 'node:fs';
import { table } from '../../kit/ports/tables.ts';
import { systemClock } from '../../kit/sources.ts';
import { openEmbedded } from './open-embedded.ts';

export const crashRows = table<readonly [string], { readonly text: string }>({
  name: 'crash_rows',
  partition: 'writer',
  clustering: [['k', 'text']],
});

/** Content that tells whether it is whole: it can be worked out from its name. */
export const contentOf = (name: string): string => `${name}:`.repeat(name.length * 20);

async function writeUntilKilled(dataDir: string, run: string): Promise<void> {
  const { journal, tables, objects } = await openEmbedded({ dataDir, clock: systemClock });
  const rows = tables.open(crashRows);
  // A pipe keeps what was written to it when the writer dies; the line goes out before the next write starts.
  const acknowledge = (line: string) => writeSync(1, `${line}\n`);

  async function appending(worker: number): Promise<never> {
    const subject = `crash.${run}-${worker}`;
    for (let expectedSeq = 0, n = 0; ; n++) {
      const name = `${subject}-${n}`;
      expectedSeq = await journal.append('crash', subject, contentOf(name), { expectedSeq });
      acknowledge(`journal ${subject} ${n} ${expectedSeq}`);
    }
  }
  async function putting(worker: number): Promise<never> {
    for (let n = 0; ; n++) {
      const name = `${run}-${worker}-${n}`;
      await rows.put('p', [name], { text: contentOf(name) });
      acknowledge(`table ${name}`);
    }
  }
  async function storing(worker: number): Promise<never> {
    for (let n = 0; ; n++) {
      const name = `${run}-${worker}-${n % 5}`;
      await objects.put(`crash/${name}`, Buffer.from(contentOf(name)));
      acknowledge(`object ${name}`);
    }
  }
  const workers = [...Array(8).keys()];
  await Promise.all([...workers.map(appending), ...workers.map(putting), storing(0), storing(1)]);
}

const [dataDir, run] = process.argv.slice(2);
if (import.meta.main && dataDir && run) await writeUntilKilled(dataDir, run);
