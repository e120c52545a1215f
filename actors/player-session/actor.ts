/** The shell: looks up what a command needs, sends it to the session, and signs what the answer allows. */
import { MEDIA_TOKEN_TTL_MS, PLAYER_CONTEXT_MAX, SONG_FACTS_ROUNDS_MAX } from '../../config/limits.ts';
import type { Answer } from '../../kit/actor/behaviour.ts';
import type { Handlers, Params } from '../../kit/contract.ts';
import {
  AntiphonError,
  BadRequestError,
  ForbiddenError,
  NotFoundError,
  UnavailableError,
} from '../../kit/errors.ts';
import { logger } from '../../kit/log.ts';
import { counter } from '../../kit/metrics.ts';
import type { Sources } from '../../kit/sources.ts';
import type { SessionCommand, SessionReply, Surroundings } from './commands.ts';
import type { PlayerAnswer, playerContract, Stream } from './contract.ts';
import { bestRung, type Entitlement, type RungLimit, rungLimit } from './entitlement.ts';
import type { PlayerHost } from './host.ts';
import type { Known, KnownSong } from './known.ts';
import type { Accounts, Catalog, MediaUrls } from './ports.ts';
import { following } from './queue.ts';
import { refusalOf } from './refusals.ts';
import type { SessionState } from './state.ts';
import { viewOf } from './view.ts';

const log = logger('player-session');
const refusals = counter('player_refusals_total', 'Commands refused, by reason', ['reason']);

/** How far ahead the next song is sought for prefetching. */
const NEXT_LOOKED_AT_MAX = 4;

export interface PlayerSessionDeps extends Sources {
  readonly host: PlayerHost;
  readonly known: Known;
  readonly catalog: Catalog;
  readonly accounts: Accounts;
  readonly media: MediaUrls;
}

type Actions = (typeof playerContract)['actions'];
type SessionAnswer = Answer<SessionState, SessionReply>;
interface Caller {
  readonly userId: string;
  readonly deviceId: string;
  readonly commandId?: string;
}

export function createPlayerSession(deps: PlayerSessionDeps): Handlers<typeof playerContract> {
  const { host, known, catalog, accounts, media, clock, random, ids } = deps;
  const newSeed = () => Math.floor(random.next() * 2 ** 32);

  async function send({ userId, commandId = ids.next() }: Caller, command: SessionCommand) {
    return host.send(userId, command, { commandId });
  }

  /** Sends a command that can start a play, looking up the songs that its decision asks for. */
  async function sendKnowing(
    caller: Caller,
    commandAround: (around: Surroundings) => SessionCommand,
    songIds: readonly string[] = [],
  ): Promise<SessionAnswer> {
    const entitlement = await known.entitlement(caller.userId);
    const songs = await known.songs(songIds, entitlement);
    const { country, tier } = entitlement;
    const drawn = {
      newPlayId: ids.next(),
      nextPlayId: ids.next(),
      entryBase: ids.next(),
      seed: newSeed(),
    };
    const fixed = { ...caller, commandId: caller.commandId ?? ids.next() };
    for (let round = 0; round < SONG_FACTS_ROUNDS_MAX; round++) {
      const answer = await send(fixed, commandAround({ songs, country, tier, ...drawn }));
      const missing = answer.reply.missingSongIds;
      if (!missing) return answer;
      for (const [songId, song] of await known.songs(missing, entitlement)) songs.set(songId, song);
    }
    throw new UnavailableError('QUEUE_IN_MOTION', 'The queue keeps changing: try again.');
  }

  const answerTo = async ({ userId, deviceId }: Caller, answer: SessionAnswer): Promise<PlayerAnswer> => ({
    state: viewOf(answer.state, answer.seq, clock.nowMs()),
    ...(await streamsFor(userId, deviceId, answer.state)),
    skipped: [...answer.reply.skipped],
  });

  /** What the device that sounds may fetch now and next. */
  async function streamsFor(
    userId: string,
    deviceId: string,
    state: SessionState,
  ): Promise<Pick<PlayerAnswer, 'stream' | 'nextStream'>> {
    const { play } = state;
    if (play?.deviceId !== deviceId) return {};
    try {
      const entitlement = await known.entitlement(userId);
      const limit = rungLimit(entitlement.tier, entitlement.quality);
      const ahead = following(state, true).take(NEXT_LOOKED_AT_MAX).toArray();
      const songs = await known.songs([play.songId, ...ahead.map((next) => next.songId)], entitlement);
      const sign = (playId: string, songId: string | undefined) => {
        const song = songId === undefined ? undefined : songs.get(songId);
        if (songId === undefined || !song || song.against) return undefined;
        return streamOf({ userId, playId, songId, song, limit, entitlement });
      };
      const stream = sign(play.playId, play.songId);
      const next = ahead.find(({ songId }) => !songs.get(songId)?.against);
      const nextStream = sign(play.nextPlayId, next?.songId);
      return { ...(stream && { stream }), ...(nextStream && { nextStream }) };
    } catch (error) {
      log.warn({ err: error, userId }, 'answered without streams');
      return {};
    }
  }

  function streamOf(of: {
    userId: string;
    playId: string;
    songId: string;
    song: KnownSong;
    limit: RungLimit;
    entitlement: Entitlement;
  }): Stream {
    const { userId, playId, songId, song, limit, entitlement } = of;
    const expiresAtMs = clock.nowMs() + MEDIA_TOKEN_TTL_MS;
    const maxRung = bestRung(song.rungs, limit.maxRung);
    const grant = { playId, userId, songId, maxRung, region: entitlement.country, expiresAtMs };
    return { playId, songId, ...media.sign(grant, song), expiresAtMs, ...limit, maxRung };
  }

  /** The songs to play, in order; an album's or artist's own when the caller gives none. */
  async function songIdsOf(params: Params<Actions['play']>): Promise<string[]> {
    const { songIds, context, songId } = params;
    if (songIds) return songIds;
    const { type, id } = context ?? {};
    if (type === 'album' || type === 'artist') {
      if (id === undefined) {
        throw new BadRequestError('CONTEXT_ID_REQUIRED', `Say which ${type} to play: context.id is missing.`);
      }
      const { songs } =
        type === 'album' ? await catalog.album({ albumId: id }) : await catalog.artist({ artistId: id });
      return songs.slice(0, PLAYER_CONTEXT_MAX).map((song) => song.songId);
    }
    if (songId !== undefined) return [songId];
    throw new BadRequestError('SONGS_REQUIRED', 'Say which songs to play: songIds is missing.');
  }

  async function play(params: Params<Actions['play']>): Promise<PlayerAnswer> {
    const { songIds, songId, context, positionMs, shuffle, deviceId } = params;
    if (!songIds && !songId && !context) return resume(params);
    const list = await songIdsOf(params);
    const command = (around: Surroundings): SessionCommand => ({
      type: 'play',
      deviceId,
      songIds: list,
      around,
      ...(songId !== undefined && { songId }),
      ...(context && { context }),
      ...(positionMs !== undefined && { positionMs }),
      ...(shuffle !== undefined && { shuffle }),
    });
    return answerTo(params, await sendKnowing(params, command, list));
  }

  async function resume(params: Params<Actions['resume']>): Promise<PlayerAnswer> {
    const { deviceId } = params;
    return answerTo(params, await sendKnowing(params, (around) => ({ type: 'resume', deviceId, around })));
  }

  async function next(params: Params<Actions['next']>): Promise<PlayerAnswer> {
    const { userId: _, commandId: __, ...rest } = params;
    return answerTo(params, await sendKnowing(params, (around) => ({ type: 'next', ...rest, around })));
  }

  async function queue(params: Params<Actions['queue']>): Promise<PlayerAnswer> {
    const { userId: _, commandId: __, ...rest } = params;
    const command = (around: Surroundings): SessionCommand => ({ type: 'queue', ...rest, around });
    return answerTo(params, await sendKnowing(params, command, params.songIds));
  }

  async function transfer(params: Params<Actions['transfer']>): Promise<PlayerAnswer> {
    const { userId, deviceId, toDeviceId } = params;
    const { active } = await accounts.deviceActive({ userId, deviceId: toDeviceId });
    if (!active) {
      throw new NotFoundError('DEVICE_NOT_FOUND', 'This device is not registered: choose another.', {
        toDeviceId,
      });
    }
    const command = (around: Surroundings): SessionCommand => ({
      type: 'transfer',
      deviceId,
      toDeviceId,
      around,
    });
    return answerTo(params, await sendKnowing(params, command));
  }

  async function progress(params: Params<Actions['progress']>) {
    const { userId, ...rest } = params;
    const command: SessionCommand = { type: 'progress', ...rest };
    // An activation that another node has overtaken may answer neither a refusal nor a last word, and only
    // commands with an id are checked against the journal when they change nothing.
    const isPassing = ({ reply: { report } }: SessionAnswer) =>
      report?.current && report.listenedMs >= params.listenedMs;
    const first = params.playing ? await host.send(userId, command) : undefined;
    const answer = first && isPassing(first) ? first : await send(params, command);
    return answer.reply.report ?? { listenedMs: 0, counted: false, current: false };
  }

  async function stream(params: Params<Actions['stream']>): Promise<Stream> {
    const { userId, songId } = params;
    const entitlement = await known.entitlement(userId);
    const limit = rungLimit(entitlement.tier, params.quality ?? entitlement.quality);
    const song = (await known.songs([songId], entitlement)).get(songId);
    if (!song || song.against) throw refusalOf(songId, song?.against ?? 'unknown');
    if (params.quality && limit.maxRungReason) {
      throw new ForbiddenError(limit.maxRungReason, 'High quality needs premium: ask for medium or upgrade.');
    }
    const { play: current } = (await host.read(userId)).state;
    const playId = current?.songId === songId ? current.playId : ids.next();
    return streamOf({ userId, playId, songId, song, limit, entitlement });
  }

  return {
    async get(params) {
      const { state, seq } = await host.read(params.userId);
      return answerTo(params, { state, seq, reply: { skipped: [] }, duplicate: false });
    },
    play: counted(play),
    resume: counted(resume),
    next: counted(next),
    queue: counted(queue),
    transfer: counted(transfer),
    stream: counted(stream),
    previous: counted(async (params) => {
      const { deviceId } = params;
      return answerTo(
        params,
        await sendKnowing(params, (around) => ({ type: 'previous', deviceId, around })),
      );
    }),
    async pause(params) {
      return answerTo(params, await send(params, { type: 'pause', deviceId: params.deviceId }));
    },
    async seek(params) {
      const { deviceId, positionMs } = params;
      return answerTo(params, await send(params, { type: 'seek', deviceId, positionMs }));
    },
    async mode(params) {
      const { userId, commandId: _, ...rest } = params;
      // Refused for a deleted account, whose session must not come back to life.
      await known.entitlement(userId);
      return answerTo(params, await send(params, { type: 'mode', ...rest, seed: newSeed() }));
    },
    progress,
  };
}

/** Counts what is refused, by its code. */
const counted =
  <P, R>(handle: (params: P) => Promise<R>) =>
  async (params: P): Promise<R> => {
    try {
      return await handle(params);
    } catch (error) {
      if (error instanceof AntiphonError && error.status < 500) refusals.inc({ reason: error.code });
      throw error;
    }
  };
