// Goal: the log holds what a person may ask about, to the last line. Method: processes that log and end at once.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { SLOW_READ_MS } from '../config/limits.ts';

/** The lines that a process leaves behind which runs `code` with `record` and `setLogLevel` at hand. */
function linesOf(code: string): Record<string, unknown>[] {
  const head = `
    import { recordRequest } from ${JSON.stringify(join(import.meta.dirname, 'access-log.ts'))};
    import { setLogLevel } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))};
    const record = (method, status, durationMs, options) =>
      recordRequest({ requestId: 'r', route: '/x', method, status, durationMs }, options);
  `;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', head + code], {
    encoding: 'utf8',
  });
  const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

void t.test('fast reads are only counted; slow, failed and changing requests are logged', async (t) => {
  const lines = linesOf(`
    record('GET', 200, 1);
    record('HEAD', 304, 1);
    record('GET', 499, 1);
    record('GET', 201, ${SLOW_READ_MS});
    record('PUT', 202, 1);
    record('GET', 404, 1);
    record('GET', 503, 1);
    record('WS', 200, 1, { quiet: true });
    record('WS', 403, 1, { quiet: true });
  `);
  t.same(
    lines.map(({ level, status }) => [level, status]),
    [
      ['info', 201],
      ['info', 202],
      ['warn', 404],
      ['error', 503],
      ['warn', 403],
    ],
  );
  t.match(lines[0], { requestId: 'r', method: 'GET', route: '/x', subsystem: 'http' });
});

void t.test('the level that is set holds for requests as well', async (t) => {
  t.equal(linesOf(`setLogLevel('debug'); record('GET', 200, 1);`).length, 1);
  t.equal(linesOf(`setLogLevel('warn'); record('PUT', 200, 1);`).length, 0);
});

void t.test('no line is lost when the process exits or fails', async (t) => {
  const many = `for (let i = 0; i < 100; i++) record('PUT', 200, i);`;
  t.equal(linesOf(`${many} process.exit(0);`).length, 100);
  t.equal(linesOf(`${many} throw new Error('fault');`).length, 100);
});
