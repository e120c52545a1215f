/** npm test [-- FILE…]: every test that needs nothing but Node; .ci/run adds real tools and the browser. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const tap = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
const { status } = spawnSync(process.execPath, [tap, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
