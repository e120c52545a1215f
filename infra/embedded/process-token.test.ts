import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { processRuns, processToken } from './process-token.ts';

void t.test('a process is known to run until it is killed, whoever has its id later', async (t) => {
  t.ok(processRuns(processToken()));
  const module = JSON.stringify(join(import.meta.dirname, 'process-token.ts'));
  const script = `import(${module}).then((m) => console.log(m.processToken())); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const token = String(line).trim();
  t.ok(processRuns(token));
  const [pid] = token.split(':');
  t.notOk(processRuns(`${pid}:0`), 'an earlier one of the same id');
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.notOk(processRuns(token));
});
