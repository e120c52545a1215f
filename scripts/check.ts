/** npm run check: format, lint, types, layers, dead code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const steps: readonly (readonly [name: string, ...command: string[]])[] = [
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['types', 'tsc', '--noEmit'],
  ['promises', 'eslint', '.'],
  ['layers', 'depcruise', '.'],
  ['dead code', 'knip'],
];

const failed = steps.filter(([name, command = '', ...args]) => {
  console.log(`- ${name}`);
  return (
    spawnSync(join(root, 'node_modules', '.bin', command), args, { cwd: root, stdio: 'inherit' }).status !== 0
  );
});
if (failed.length > 0) {
  console.error(`check failed: ${failed.map(([name]) => name).join(', ')}`);
  process.exit(1);
}
console.log('check passed');
