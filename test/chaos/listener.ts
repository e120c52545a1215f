/**
 * One listener with one device, who plays, looks for music and saves songs, as real clients do: one player
 * command at a time, each with an id, repeated only while the service cannot be reached at all.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlayerAnswer, Stream } from '../../actors/player-session/contract.ts';
import { COUNTED_AFTER_LISTENED_MS } from '../../config/limits.ts';
import type { SeededRandom } from '../../kit/sim/random.ts';
import { browsing } from './browsing.ts';
import { Device } from './device.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { type Answer, codeOf, isSuccess, type Line } from './line.ts';
import type { Song } from './songs.ts';
import type { Sound } from './sound.ts';
import type { Tally } from './tally.ts';

/** As the web player (web/src/api/api.ts). */
const REPEAT_FOR_MS = 15_000;
const REPEAT_FIRST_MS = 250;
const REPEAT_MAX_MS = 2000;

/** `hears` lets each song play to its end, `stays` mostly does, `roams` pauses, seeks and skips. */
export type Temper = 'hears' | 'stays' | 'roams';

export interface ListenerDeps {
  readonly username: string;
  readonly line: Line;
  readonly songs: readonly Song[];
  readonly temper: Temper;
  readonly random: SeededRandom;
  readonly tally: Tally;
  readonly nowMs: () => number;
  /** Only some listeners fetch what they hear. */
  readonly sound?: Sound;
}

export interface Listener {
  readonly ledger: Ledger;
  /** Does the next thing, unless an answer to the one before is still awaited. */
  act(): void;
  /** Waits for what is under way, pauses and looks at the state once more. */
  finish(): Promise<void>;
}

type Action = 'get' | 'play' | 'pause' | 'seek' | 'next' | 'queue' | 'browse';

/** How often of a hundred times; what a listener hears is reported besides, when it is due. */
const HABITS: Readonly<Record<Temper, Readonly<Record<Action, number>>>> = {
  hears: { get: 30, play: 0, pause: 0, seek: 0, next: 0, queue: 2, browse: 68 },
  stays: { get: 28, play: 0, pause: 2, seek: 2, next: 0, queue: 6, browse: 62 },
  roams: { get: 18, play: 2, pause: 12, seek: 12, next: 6, queue: 6, browse: 44 },
};

export function openListener(deps: ListenerDeps): Listener {
  const { username, line, songs, temper, random, tally, nowMs, sound } = deps;
  const { userId, deviceId } = line.session;
  const device = new Device(deviceId);
  const ledger = openLedger({ username, userId, heardMsByPlay: device.heardMsByPlay }, username);
  const browse = browsing({ line, songs, random, tally, ledger });
  let version = 0;
  /** A command has no answer: what holds now has to be asked for. */
  let inDoubt = true;
  let wasInDoubt = false;
  let nextStream: Stream | undefined;
  /** Since when the session owes an answer. */
  let waitingSinceMs: number | undefined;
  let playing: Promise<void> | undefined;
  let looking: Promise<void> | undefined;

  /** One call to the player; its session has served its listener again when it is answered. */
  async function ask(name: string, send: () => Promise<Answer>): Promise<Answer> {
    const beganAtMs = performance.now();
    waitingSinceMs ??= beganAtMs;
    const answer = await send();
    const endedAtMs = performance.now();
    tally.call({ name, status: answer.status, code: codeOf(answer), ms: endedAtMs - beganAtMs });
    if (isSuccess(answer)) {
      tally.pause(endedAtMs - waitingSinceMs);
      waitingSinceMs = undefined;
    }
    return answer;
  }

  function accept({ state, stream, nextStream: ahead }: PlayerAnswer, follow: boolean): void {
    ledger.versions.push(state.version);
    version = Math.max(version, state.version);
    const isOther =
      state.current?.playId !== device.current?.playId || (state.status === 'playing') !== device.sounds;
    if (follow || isOther) device.follow(state, nowMs());
    nextStream = ahead;
    if (device.sounds && stream) sound?.play(stream, device.positionMs(nowMs()));
    if (!device.sounds) sound?.stop();
  }

  async function command(
    name: string,
    params: Record<string, unknown>,
    alwaysChanges = false,
  ): Promise<void> {
    const commandId = randomUUID();
    const told = { commandId, name, alwaysChanges, versionBefore: version, afterDoubt: wasInDoubt };
    const answer = await ask(name, () =>
      untilAnswered(() => line.player('POST', `/me/player/${name}`, { commandId, ...params })),
    );
    if (isSuccess(answer)) {
      const body = answer.body as PlayerAnswer;
      accept(body, true);
      ledger.commands.push({ ...told, acknowledged: true, versionAfter: body.state.version });
    } else {
      device.hush(nowMs());
      inDoubt = true;
      wasInDoubt = true;
      ledger.commands.push({ ...told, acknowledged: false });
    }
  }

  async function get(): Promise<void> {
    const answer = await ask('get', () => line.player('GET', '/me/player'));
    if (!isSuccess(answer)) return;
    accept(answer.body as PlayerAnswer, inDoubt);
    inDoubt = false;
  }

  async function report(): Promise<void> {
    const said = device.report(nowMs());
    if (!said) return;
    const answer = await ask('progress', () => line.player('POST', '/me/player/progress', { ...said }));
    if (!isSuccess(answer)) return;
    device.reported(said);
    const { counted } = answer.body as { counted: boolean };
    if (counted) ledger.toldCounted.add(said.playId);
    if (said.listenedMs >= COUNTED_AFTER_LISTENED_MS) ledger.reportedWhole.add(said.playId);
  }

  /** Songs from here on in order, so that there is always a next one. */
  const play = (): Promise<void> => {
    device.hush(nowMs());
    const songIds = songs.map(({ songId }) => songId);
    return command('play', { songIds, songId: random.pick(songIds) }, true);
  };

  const pauseOrResume = (): Promise<void> => {
    if (!device.sounds) return command('resume', {});
    device.hush(nowMs());
    sound?.stop();
    return command('pause', {});
  };

  const seek = (): Promise<void> => {
    if (!device.current) return get();
    const positionMs = random.below(device.current.durationMs);
    device.hush(nowMs());
    return command('seek', { positionMs });
  };

  const next = (reason: 'ended' | 'skip'): Promise<void> => {
    const said = device.report(nowMs());
    if (!said) return play();
    device.hush(nowMs());
    // The next song sounds before the service has heard of it.
    if (nextStream) sound?.play(nextStream, 0);
    return command('next', { playId: said.playId, listenedMs: said.listenedMs, reason });
  };

  const queue = (): Promise<void> =>
    command('queue', { op: 'add', songIds: [random.pick(songs).songId] }, true);

  /** What has to be done before anything that the listener feels like. */
  function duty(): (() => Promise<void>) | undefined {
    if (inDoubt) return get;
    if (!device.current) return play;
    if (device.hasEnded(nowMs())) return () => next('ended');
    if (device.isReportDue(nowMs())) return report;
    if (!device.sounds && temper !== 'roams') return () => command('resume', {});
    return undefined;
  }

  const wishes: Readonly<Record<Exclude<Action, 'browse'>, () => Promise<void>>> = {
    get,
    play,
    pause: pauseOrResume,
    seek,
    next: () => next('skip'),
    queue,
  };

  function inTurn(wish: () => Promise<void>): void {
    playing = wish().finally(() => {
      playing = undefined;
    });
  }

  return {
    ledger,
    act() {
      const must = playing ? undefined : duty();
      if (must) return inTurn(must);
      const action = drawn(HABITS[temper], random);
      if (action !== 'browse' && !playing) inTurn(wishes[action]);
      else if (action === 'browse' && !looking) {
        looking = browse().finally(() => {
          looking = undefined;
        });
      } else tally.now.heldBack++;
    },
    async finish() {
      await Promise.all([playing, looking]);
      sound?.stop();
      if (inDoubt) await get();
      if (device.sounds) await report();
      device.hush(nowMs());
      await command('pause', {});
      const devicePositionMs = device.positionMs(nowMs());
      const answer = await ask('get', () => line.player('GET', '/me/player'));
      ledger.servedInTheEnd = isSuccess(answer);
      if (!isSuccess(answer)) return;
      const { state } = answer.body as PlayerAnswer;
      ledger.versions.push(state.version);
      ledger.end = { state, devicePositionMs };
    },
  };
}

function drawn(habits: Readonly<Record<Action, number>>, random: SeededRandom): Action {
  let at = random.below(100);
  for (const [action, share] of Object.entries(habits)) {
    at -= share;
    if (at < 0) return action as Action;
  }
  return 'get';
}

async function untilAnswered(send: () => Promise<Answer>): Promise<Answer> {
  const giveUpAtMs = performance.now() + REPEAT_FOR_MS;
  for (let waitMs = REPEAT_FIRST_MS; ; waitMs = Math.min(2 * waitMs, REPEAT_MAX_MS)) {
    const answer = await send();
    if (answer.status !== 0 || performance.now() > giveUpAtMs) return answer;
    await sleep(waitMs);
  }
}
