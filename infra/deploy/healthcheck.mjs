// healthcheck.mjs URL [CA]: exit code 0 when the address answers 2xx. Plain JavaScript, so that it starts at once.
import { readFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getTls } from 'node:https';

const WAIT_MS = 4000;
const [url = '', ca] = process.argv.slice(2);
const get = url.startsWith('https:') ? getTls : getPlain;
const options = { timeout: WAIT_MS, ...(ca && { ca: readFileSync(ca) }) };

const fail = (why) => {
  process.stderr.write(`${url}: ${why}\n`);
  process.exit(1);
};
const asked = get(url, options, ({ statusCode = 0 }) =>
  statusCode >= 200 && statusCode < 300 ? process.exit(0) : fail(`answered ${statusCode}`),
);
asked.on('timeout', () => fail('no answer in time'));
asked.on('error', ({ message }) => fail(message));
