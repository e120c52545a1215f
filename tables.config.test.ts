// Goal: no table is forgotten, and a released version of the schema does not change unseen. Method: the
// declarations are looked for in the source, and the CQL is compared with the file that people review.
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { assertSound, cqlText } from './infra/cassandra/schema.ts';
import { SCHEMA } from './tables.config.ts';

const root = import.meta.dirname;
const DECLARATION = /\btable(?:<[\s\S]*?>)?\(\{\s*name: '([^']+)'/g;

void t.test('every table that is declared is in the schema', async (t) => {
  const declared: string[] = [];
  for await (const file of glob('{actors,kit,media,infra}/**/*.ts', { cwd: root })) {
    // Suites and doubles declare tables of their own.
    if (file.includes('.test.') || file.endsWith('.engine.ts') || file.endsWith('crash-writer.ts')) continue;
    const text = await readFile(join(root, file), 'utf8');
    const names = [...text.matchAll(DECLARATION)].map(([, name]) => name as string);
    t.equal(
      names.length,
      text.match(/= table[<(]/g)?.length ?? 0,
      `${file}: every declaration is understood`,
    );
    declared.push(...names);
  }
  const known = SCHEMA.flatMap(({ tables = [] }) => tables.map(({ name }) => name));
  t.ok(declared.length > 0);
  t.strictSame(declared.toSorted(), known.toSorted(), 'add a new table to tables.config.ts');
  assertSound(SCHEMA);
});

void t.test('the schema is the one that was reviewed', async (t) => {
  const reviewed = await readFile(join(root, 'infra/cassandra/schema.cql'), 'utf8');
  t.equal(
    cqlText(SCHEMA),
    reviewed,
    'npm run migrate -- --write-cql writes it anew; a released version stays',
  );
});
