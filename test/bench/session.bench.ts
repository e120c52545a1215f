/**
 * Goal: what a virtual actor costs beside the durable append that it cannot do without, in CPU per journaled
 * command and in memory per idle resident. Method: the player session's real behaviour on the embedded
 * journal; rounds of commands and of bare appends of the same records take turns in one process.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SessionCommand, Surroundings } from '../../actors/player-session/commands.ts';
import { playerBehaviour } from '../../actors/player-session/domain.ts';
import { type Embedded, openEmbedded } from '../../infra/embedded/open-embedded.ts';
import type { Behaviour } from '../../kit/actor/behaviour.ts';
import { createActorHost } from '../../kit/actor/host.ts';
import { ACTOR_LIMITS } from '../../kit/actor/limits.ts';
import { ACTOR_SNAPSHOTS } from '../../kit/actor/snapshot.ts';
import { systemClock, systemIds } from '../../kit/sources.ts';
import type { BenchReport } from './report.ts';

const CPU_RATIO_GOAL = 2;
const RESIDENT_BYTES_GOAL = 2048;
const ROUNDS = 7;
const COMMANDS_PER_ROUND = 8000;
const IN_FLIGHT = 256;
const RESIDENTS = 100_000;
const ALBUM_SONGS = 12;
const SONG_MS = 180_000;

const limits = { ...ACTOR_LIMITS, residentsMax: RESIDENTS + IN_FLIGHT };

/** Does `work` for 0 … count-1, IN_FLIGHT at a time. */
async function times(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function cpuUsPer(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await times(count, work);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function bytesInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** An album, as it arrives over the bus: every string is the command's own. */
function playAlbum(): SessionCommand {
  const songIds = Array.from({ length: ALBUM_SONGS }, () => systemIds.next());
  const around: Surroundings = {
    songs: new Map(songIds.map((songId) => [songId, { durationMs: SONG_MS }])),
    country: 'SE',
    tier: 'premium',
    newPlayId: systemIds.next(),
    nextPlayId: systemIds.next(),
    entryBase: systemIds.next(),
    seed: 1,
  };
  return { type: 'play', deviceId: systemIds.next(), songIds, around };
}

type Toy = Behaviour<number, number, number, { total: number }>;
const toy: Toy = {
  name: 'toy',
  stateVersion: 1,
  initial: () => 0,
  decide: (total, add) => ({ accepted: true, events: [add], reply: { total: total + add } }),
  evolve: (total, add) => total + add,
};

const hostOf = <S, C, E, R>({ journal, tables }: Embedded, behaviour: Behaviour<S, C, E, R>) =>
  createActorHost({
    behaviour,
    journal,
    snapshots: tables.open(ACTOR_SNAPSHOTS),
    clock: systemClock,
    limits,
  });

/** CPU per command of a session that is paused and resumed, and per bare append of the same records. */
async function measureCpu(engines: Embedded) {
  const host = hostOf(engines, playerBehaviour());
  const ids = Array.from({ length: IN_FLIGHT }, () => systemIds.next());
  const plays = new Map(ids.map((id) => [id, playAlbum()]));
  await times(ids.length, (i) => host.send(ids[i] as string, plays.get(ids[i] as string) as SessionCommand));

  /** Made by the client, so not at our cost. */
  let commandIds: string[] = [];
  const newCommands = (count: number) => {
    commandIds = Array.from({ length: count }, () => systemIds.next());
  };
  const toggle = (i: number) => {
    const id = ids[i % ids.length] as string;
    const play = plays.get(id) as Extract<SessionCommand, { type: 'play' }>;
    const pauses = Math.floor(i / ids.length) % 2 === 0;
    const command: SessionCommand = { ...play, type: pauses ? 'pause' : 'resume' };
    return host.send(id, command, { commandId: commandIds[i] as string });
  };
  newCommands(2 * IN_FLIGHT);
  await times(2 * IN_FLIGHT, toggle);
  const records = await engines.journal.read('player', `player.${ids[0]}`);
  const sample = records.slice(-2).map((record) => record.data);
  const bare = (i: number) => engines.journal.append('bare', `bare.${ids[i % ids.length]}`, sample[i % 2]);
  await times(COMMANDS_PER_ROUND, bare);

  const rounds: { command: number; append: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    newCommands(COMMANDS_PER_ROUND);
    const append = await cpuUsPer(COMMANDS_PER_ROUND, bare);
    rounds.push({ append, command: await cpuUsPer(COMMANDS_PER_ROUND, toggle) });
  }
  await host[Symbol.asyncDispose]();
  return {
    ratio: median(rounds.map(({ command, append }) => command / append)),
    commandUs: median(rounds.map(({ command }) => command)),
    appendUs: median(rounds.map(({ append }) => append)),
    recordBytes: JSON.stringify(sample[0]).length,
  };
}

/** Bytes per resident after one command each, and one remembered commandId. */
async function residentBytes<C>(
  engines: Embedded,
  behaviour: Behaviour<unknown, C, unknown, unknown>,
  commandOf: () => C,
): Promise<number> {
  const host = hostOf(engines, behaviour);
  await times(IN_FLIGHT, () => host.send(systemIds.next(), commandOf()));
  const before = bytesInUse();
  await times(RESIDENTS, () => host.send(systemIds.next(), commandOf(), { commandId: systemIds.next() }));
  const bytes = (bytesInUse() - before) / RESIDENTS;
  if (host.residents < RESIDENTS) throw new Error(`only ${host.residents} are resident`);
  await host[Symbol.asyncDispose]();
  return bytes;
}

export default async function bench(): Promise<BenchReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'antiphon-bench-'));
  try {
    await using engines = await openEmbedded({ dataDir, clock: systemClock });
    const cpu = await measureCpu(engines);
    const toyBytes = await residentBytes(
      engines,
      toy as Behaviour<unknown, number, unknown, unknown>,
      () => 1,
    );
    const session = playerBehaviour() as Behaviour<unknown, SessionCommand, unknown, unknown>;
    const sessionBytes = await residentBytes(engines, session, playAlbum);
    return {
      name: 'session',
      goal: `a journaled command <= ${CPU_RATIO_GOAL} x the CPU of a bare durable append; an idle resident <= ${RESIDENT_BYTES_GOAL} bytes`,
      measured: `${cpu.ratio.toFixed(2)} x; ${Math.round(sessionBytes)} bytes`,
      met: cpu.ratio <= CPU_RATIO_GOAL && sessionBytes <= RESIDENT_BYTES_GOAL,
      rows: [
        [
          `bare durable append of ${cpu.recordBytes} bytes, ${IN_FLIGHT} in flight`,
          `${cpu.appendUs.toFixed(1)} us CPU`,
        ],
        ['command of a player session with such a record', `${cpu.commandUs.toFixed(1)} us CPU`],
        [
          `idle session in an album of ${ALBUM_SONGS} songs, ${RESIDENTS} resident`,
          `${Math.round(sessionBytes)} bytes`,
        ],
        [`idle counter, ${RESIDENTS} resident`, `${Math.round(toyBytes)} bytes`],
      ],
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
