/**
 * Goal: what the gateway costs beside the HTTP server that it stands on. Method: both answer the same bytes
 * from one process; keep-alive connections ask them in turns, so that the machine's mood hits both.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { BenchReport } from './report.ts';

const CONNECTIONS = 16;
const ROUNDS = 8;
const ROUND_MS = 1500;
const GOAL = 0.6;

interface Ready {
  readonly gatewayPort: number;
  readonly barePort: number;
  readonly path: string;
  readonly tokens: readonly string[];
}

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

export default async function bench(): Promise<BenchReport> {
  const script = join(import.meta.dirname, 'gateway', 'server.ts');
  // Log lines are written as always, to where nobody reads them.
  const server = fork(script, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  try {
    const [{ gatewayPort, barePort, path, tokens }] = (await once(server, 'message')) as [Ready];
    const requests = tokens.map(
      (token) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    const bare: Round[] = [];
    const gateway: Round[] = [];
    for (let n = 0; n < ROUNDS; n++) {
      bare.push(await round(server, barePort, requests));
      gateway.push(await round(server, gatewayPort, requests));
    }
    // The best round of each is the one that the rest of the machine disturbed least.
    const perSec = (rounds: Round[]) => Math.max(...rounds.map((r) => r.perSec));
    const cpuUsOf = (rounds: Round[]) => Math.min(...rounds.map((r) => r.cpuUsPerRequest));
    const ratio = perSec(gateway) / perSec(bare);
    return {
      name: 'gateway',
      goal: `at least ${GOAL} x the requests a second of bare node:http answering the same bytes`,
      measured: `${ratio.toFixed(2)} x`,
      met: ratio >= GOAL,
      rows: [
        ['bare node:http', `${Math.round(perSec(bare))} requests/s`],
        ['gateway, GET /api/songs/{id}', `${Math.round(perSec(gateway))} requests/s`],
        ['CPU a request, bare', `${cpuUsOf(bare).toFixed(0)} us`],
        ['CPU a request, gateway', `${cpuUsOf(gateway).toFixed(0)} us`],
      ],
    };
  } finally {
    server.kill();
  }
}
