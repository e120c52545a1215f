/**
 * Goal: what the gateway costs beside the HTTP server that it stands on. Method: both answer the same bytes,
 * each from a process of its own; keep-alive connections of a third ask them in turns, and the ratio is taken
 * of neighbouring rounds, so that the machine's mood hits both.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Ready } from './gateway/gateway-server.ts';
import type { BenchReport } from './report.ts';

const CONNECTIONS = 16;
const ROUNDS = 12;
/** Until code is compiled and every token has been verified once. */
const WARM_UP_ROUNDS = 2;
const ROUND_MS = 1000;
const GOAL = 0.6;

interface Round {
  readonly perSec: number;
  readonly cpuUsPerRequest: number;
}

/** Asks one request after the other; `nextRequest` gives the bytes, undefined ends. Counts the answers. */
function ask(socket: Socket, nextRequest: () => string | undefined, onAnswer: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    const send = () => {
      const request = nextRequest();
      if (request === undefined) resolve();
      else socket.write(request);
    };
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < end + 4 + length) return;
      if (!received.startsWith('HTTP/1.1 200')) reject(new Error(received.slice(0, 200)));
      received = '';
      onAnswer();
      send();
    });
    send();
  });
}

/** Keeps this process from sleeping: waking it would be billed to whichever server writes to it. */
function stayAwake(): Disposable {
  let awake = true;
  const spin = () => {
    if (awake) setImmediate(spin);
  };
  spin();
  return {
    [Symbol.dispose]: () => {
      awake = false;
    },
  };
}

async function cpuUs(server: ChildProcess): Promise<number> {
  server.send('cpu');
  const [answer] = (await once(server, 'message')) as [{ cpuUs: number }];
  return answer.cpuUs;
}

async function round(server: ChildProcess, port: number, requests: readonly string[]): Promise<Round> {
  using _awake = stayAwake();
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(port, '127.0.0.1').setNoDelay());
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const cpuBeforeUs = await cpuUs(server);
  const startedAtMs = performance.now();
  const endMs = startedAtMs + ROUND_MS;
  let asked = 0;
  let answered = 0;
  const next = () => (performance.now() < endMs ? requests[asked++ % requests.length] : undefined);
  await Promise.all(sockets.map((socket) => ask(socket, next, () => answered++)));
  const tookSec = (performance.now() - startedAtMs) / 1000;
  const cpuUsPerRequest = ((await cpuUs(server)) - cpuBeforeUs) / answered;
  for (const socket of sockets) socket.destroy();
  return { perSec: answered / tookSec, cpuUsPerRequest };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function start(script: string): ChildProcess {
  // Log lines are written as always, to where nobody reads them.
  return fork(join(import.meta.dirname, 'gateway', script), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
}

export default async function bench(): Promise<BenchReport> {
  const gateway = start('gateway-server.ts');
  const bare = start('bare-server.ts');
  try {
    const [{ port, path, tokens, answer }] = (await once(gateway, 'message')) as [Ready];
    bare.send(answer);
    const [{ port: barePort }] = (await once(bare, 'message')) as [{ port: number }];
    const requests = tokens.map(
      (token) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    const pairs: { bare: Round; gateway: Round }[] = [];
    for (let n = 0; n < WARM_UP_ROUNDS + ROUNDS; n++) {
      const pair = {
        bare: await round(bare, barePort, requests),
        gateway: await round(gateway, port, requests),
      };
      if (n >= WARM_UP_ROUNDS) pairs.push(pair);
    }
    const ratio = median(pairs.map((pair) => pair.gateway.perSec / pair.bare.perSec));
    const cpuRatio = median(pairs.map((pair) => pair.bare.cpuUsPerRequest / pair.gateway.cpuUsPerRequest));
    const figure = (of: 'bare' | 'gateway') => {
      const perSec = median(pairs.map((pair) => pair[of].perSec));
      const cpuUs = median(pairs.map((pair) => pair[of].cpuUsPerRequest));
      return `${Math.round(perSec)} requests/s, ${cpuUs.toFixed(1)} us CPU a request`;
    };
    return {
      name: 'gateway',
      goal: `at least ${GOAL} x the requests a second of bare node:http answering the same bytes`,
      measured: `${ratio.toFixed(2)} x`,
      met: ratio >= GOAL,
      rows: [
        ['bare node:http', figure('bare')],
        ['gateway, GET /api/songs/{id} with a token', figure('gateway')],
        ['the same ratio by CPU a request', `${cpuRatio.toFixed(2)} x`],
      ],
    };
  } finally {
    gateway.kill();
    bare.kill();
  }
}
