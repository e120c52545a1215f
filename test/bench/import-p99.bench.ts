/**
 * Goal: an import never stalls playback. Method: the service in a process of its own, a listener who sends
 * player commands at a steady rate over HTTP, first alone, then while `scripts/import.ts` takes in a folder
 * beside it. A command that comes late because the one before it took long counts with its waiting.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfmpeg } from '../../media/ingest/ffmpeg.ts';
import { makeMusic } from '../../media/ingest/testing/music.ts';
import { makeLibrary, PAPER_HARBOUR } from '../e2e/library.ts';
import { type RunningService, startOn } from '../e2e/service.ts';
import type { BenchReport } from './report.ts';

const root = join(import.meta.dirname, '..', '..');
const COMMANDS_PER_SEC = 20;
/** So many that each stays within what one account may ask. */
const LISTENERS = 20;
const MEASURED_MS = 30_000;
const GOAL_MS = 50;
/** Enough that the import is still under way when the measurement ends. */
const FILES = 24;
const FILE_SECONDS = 150;
const SAMPLE_RATE = 44_100;

interface Measured {
  readonly latenciesMs: number[];
  /** Of the service, since it was last asked. */
  readonly loopDelayP99Ms: number;
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ??
  Number.NaN;

class Listener {
  readonly #url: string;
  readonly #number: number;
  #token = '';
  #playing = true;
  #last: Promise<unknown> = Promise.resolve();

  constructor(url: string, number: number) {
    this.#url = url;
    this.#number = number;
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/api${path}`, {
      method,
      headers: {
        'X-Forwarded-For': `198.51.100.${this.#number}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(this.#token && { Authorization: `Bearer ${this.#token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async enter(): Promise<void> {
    const account = {
      username: `bench${this.#number}`,
      password: 'correct horse battery',
      deviceName: 'bench',
    };
    this.#token = (await this.#ask<{ accessToken: string }>('POST', '/accounts', account)).accessToken;
    const albums = await this.#ask<{ items: { albumId: string }[] }>('GET', '/albums');
    const context = { type: 'album', id: albums.items[0]?.albumId ?? '' };
    await this.#ask('POST', '/me/player/play', { context });
  }

  /** Pauses or resumes, which is journaled, once the command before is answered. */
  command(): Promise<unknown> {
    this.#last = this.#last.then(() => {
      this.#playing = !this.#playing;
      return this.#ask('POST', `/me/player/${this.#playing ? 'resume' : 'pause'}`, {});
    });
    return this.#last;
  }
}

async function loopDelayP99Ms(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return 1000 * Number(/^nodejs_eventloop_lag_p99_seconds(?:\{[^}]*\})? (\S+)/m.exec(text)?.[1]);
}

async function measure(url: string, listeners: readonly Listener[]): Promise<Measured> {
  const latenciesMs: number[] = [];
  const underWay: Promise<void>[] = [];
  const startedMs = performance.now();
  const total = (MEASURED_MS / 1000) * COMMANDS_PER_SEC;
  for (let n = 0; n < total; n++) {
    const dueMs = startedMs + (n * 1000) / COMMANDS_PER_SEC;
    await new Promise((done) => setTimeout(done, Math.max(0, dueMs - performance.now())));
    const sentMs = performance.now();
    const answered = listeners[n % LISTENERS]?.command().then(() => {
      latenciesMs.push(performance.now() - sentMs);
    });
    if (answered) underWay.push(answered);
  }
  await Promise.all(underWay);
  return { latenciesMs, loopDelayP99Ms: await loopDelayP99Ms(url) };
}

function startImport(service: RunningService, folder: string): ChildProcess {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'scripts', 'import.ts'), folder],
    {
      env: { ...process.env, ANTIPHON_DATA: service.dataDir, ANTIPHON_LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
}

export default async function bench(): Promise<BenchReport> {
  const music = await mkdtemp(join(tmpdir(), 'antiphon-music-'));
  const ffmpeg = await findFfmpeg();
  for (let seed = 1; seed <= FILES; seed++) {
    await makeMusic(ffmpeg, music, `${seed}.flac`, { samples: FILE_SECONDS * SAMPLE_RATE, seed: 100 + seed });
  }
  const service = await startOn(await makeLibrary([PAPER_HARBOUR]), {
    ANTIPHON_TRUSTED_PROXIES: '127.0.0.1',
  });
  try {
    const listeners = Array.from({ length: LISTENERS }, (_, i) => new Listener(service.url, i + 1));
    for (const listener of listeners) await listener.enter();
    const alone = await measure(service.url, listeners);
    const importing = startImport(service, music);
    const ended = once(importing, 'exit');
    const beside = await measure(service.url, listeners);
    const stillRuns = importing.exitCode === null;
    importing.kill('SIGTERM');
    await ended;
    if (!stillRuns) throw new Error('the import ended before the measurement: give it more files');

    const ms = (value: number) => `${value.toFixed(1)} ms`;
    const rows = (label: string, { latenciesMs, loopDelayP99Ms }: Measured) =>
      [
        [
          `${label}: p50, p99, worst`,
          [0.5, 0.99, 1].map((part) => ms(percentile(latenciesMs, part))).join(', '),
        ],
        [`${label}: event loop delay p99`, ms(loopDelayP99Ms)],
      ] as const;
    const p99 = percentile(beside.latenciesMs, 0.99);
    return {
      name: 'import-p99',
      goal: `p99 of a player command below ${GOAL_MS} ms with an import running`,
      measured: ms(p99),
      met: p99 < GOAL_MS,
      rows: [...rows('limit: no import', alone), ...rows('with an import', beside)],
    };
  } finally {
    await service.stop();
    await rm(music, { recursive: true, force: true });
  }
}
