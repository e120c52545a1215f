/**
 * A player as it should behave (SPEC.md, "What a client does"), and one that lies about what was heard.
 * It knows its own truth: the spans of time in which it sounded.
 */
import type { PlayerAnswer, PlayerState, playerContract } from '../../actors/player-session/contract.ts';
import type { Params, Result } from '../../kit/contract.ts';
import { AntiphonError } from '../../kit/errors.ts';
import type { World } from '../../kit/sim/world.ts';

type Actions = (typeof playerContract)['actions'];
export type ActionName = keyof Actions & string;
export interface Message {
  readonly action: ActionName;
  readonly params: Record<string, unknown>;
}
type Command = 'play' | 'pause' | 'resume' | 'seek' | 'next' | 'previous' | 'transfer' | 'queue';

export interface Span {
  readonly playId: string;
  readonly deviceId: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The play that this device holds. */
interface Hearing {
  readonly playId: string;
  readonly durationMs: number;
  ownMs: number;
  positionMs: number;
  /** When it began to sound, while it does. */
  sinceMs: number | undefined;
}

const REPORT_EVERY_MS = 10_000;
const COUNTS_AT_MS = 30_000;

export class Device {
  readonly spans: Span[] = [];
  /** Commands that were acknowledged and always leave a record. */
  readonly acknowledged: string[] = [];
  /** What it heard of each play that it held. */
  private readonly heard = new Map<string, number>();
  /** Claims that nobody has answered yet, by play. */
  private readonly unreported = new Map<string, number>();
  private hearing: Hearing | undefined;
  private version = -1;
  readonly deviceId: string;
  private readonly userId: string;
  private readonly world: World;
  private readonly lies: boolean;

  constructor(world: World, { userId, deviceId, lies }: { userId: string; deviceId: string; lies: boolean }) {
    this.world = world;
    this.userId = userId;
    this.deviceId = deviceId;
    this.lies = lies;
  }

  /** Sends until answered; undefined when nobody answered or the command was refused. */
  private async insist<A extends ActionName>(
    action: A,
    params: Omit<Params<Actions[A]>, 'userId' | 'deviceId'>,
  ): Promise<Result<Actions[A]> | undefined> {
    const message: Message = { action, params: { userId: this.userId, deviceId: this.deviceId, ...params } };
    try {
      return await this.world.insist<Result<Actions[A]>>(this.userId, message);
    } catch (error) {
      if (error instanceof AntiphonError) return undefined;
      throw error;
    }
  }

  async command<A extends Command>(
    action: A,
    params: Omit<Params<Actions[A]>, 'userId' | 'deviceId' | 'commandId'>,
  ): Promise<void> {
    const commandId = this.world.ids.next();
    const answer = (await this.insist(action, { ...params, commandId } as never)) as PlayerAnswer | undefined;
    if (!answer) return this.sync();
    if (action === 'play' || action === 'seek' || action === 'queue') this.acknowledged.push(commandId);
    this.adopt(answer.state);
  }

  async sync(): Promise<void> {
    const answer = await this.insist('get', {});
    if (answer) this.adopt(answer.state);
  }

  /** Does as the state says, unless it is older than what is known. */
  adopt(state: PlayerState): void {
    if (state.version < this.version) return;
    this.version = state.version;
    const { current } = state;
    if (!current || state.deviceId !== this.deviceId) {
      this.letGo();
      return;
    }
    if (this.hearing?.playId !== current.playId) {
      this.letGo();
      const { playId, durationMs, positionMs } = current;
      const ownMs = this.heard.get(playId) ?? 0;
      this.hearing = { playId, durationMs, positionMs, ownMs, sinceMs: undefined };
    }
    if (state.status === 'playing') this.sound();
    else this.hush();
  }

  private sound(): void {
    if (this.hearing) this.hearing.sinceMs ??= this.world.clock.nowMs();
  }

  hush(): void {
    const { hearing } = this;
    if (hearing?.sinceMs === undefined) return;
    const toMs = this.world.clock.nowMs();
    const { playId, sinceMs } = hearing;
    this.spans.push({ playId, deviceId: this.deviceId, fromMs: sinceMs, toMs });
    hearing.ownMs += toMs - sinceMs;
    hearing.positionMs += toMs - sinceMs;
    hearing.sinceMs = undefined;
  }

  /** Stops for good; what it heard is still to be told. */
  private letGo(): void {
    this.hush();
    if (this.hearing) {
      this.heard.set(this.hearing.playId, this.hearing.ownMs);
      this.unreported.set(this.hearing.playId, this.claimOf(this.hearing));
    }
    this.hearing = undefined;
  }

  private soundedMs = (hearing: Hearing): number =>
    hearing.sinceMs === undefined ? 0 : this.world.clock.nowMs() - hearing.sinceMs;

  private claimOf(hearing: Hearing): number {
    const listenedMs = hearing.ownMs + this.soundedMs(hearing);
    return this.lies ? listenedMs + this.world.random.below(60_000) : listenedMs;
  }

  /** Listens, reporting on the way, for so long or until the song is over. */
  async listen(forMs: number): Promise<void> {
    const untilMs = this.world.clock.nowMs() + forMs;
    while (this.hearing?.sinceMs !== undefined) {
      const { hearing } = this;
      const leftOfSongMs = hearing.durationMs - hearing.positionMs - this.soundedMs(hearing);
      const leftMs = untilMs - this.world.clock.nowMs();
      if (leftOfSongMs <= 0) return this.ended(hearing);
      if (leftMs <= 0) return;
      const listenedMs = hearing.ownMs + this.soundedMs(hearing);
      const toCountMs = listenedMs < COUNTS_AT_MS ? COUNTS_AT_MS - listenedMs : Infinity;
      await this.world.sleep(Math.min(leftOfSongMs, leftMs, toCountMs, REPORT_EVERY_MS));
      await this.report();
    }
    await this.world.sleep(Math.max(0, untilMs - this.world.clock.nowMs()));
  }

  async report(): Promise<void> {
    const { hearing } = this;
    if (!hearing) return;
    const { playId, positionMs } = hearing;
    const playing = hearing.sinceMs !== undefined;
    const listenedMs = this.claimOf(hearing);
    const reply = await this.insist('progress', { playId, listenedMs, positionMs, playing });
    if (reply && !reply.current && this.hearing === hearing) await this.sync();
  }

  private async ended({ playId, ...hearing }: Hearing): Promise<void> {
    this.hush();
    const listenedMs = this.hearing ? this.claimOf(this.hearing) : hearing.ownMs;
    this.letGo();
    await this.command('next', { playId, reason: 'ended', listenedMs });
  }

  async skip(): Promise<void> {
    const { hearing } = this;
    if (!hearing) return this.command('next', {});
    const listenedMs = this.claimOf(hearing);
    this.letGo();
    await this.command('next', { playId: hearing.playId, reason: 'skip', listenedMs });
  }

  async seek(positionMs: number): Promise<void> {
    const { hearing } = this;
    const sounded = hearing?.sinceMs !== undefined;
    this.hush();
    if (hearing) hearing.positionMs = positionMs;
    if (sounded) this.sound();
    await this.command('seek', { positionMs });
  }

  /** Tells what nobody has answered; true when all of it was. */
  async settle(): Promise<boolean> {
    for (const [playId, listenedMs] of [...this.unreported]) {
      const reply = await this.insist('progress', { playId, listenedMs, positionMs: 0, playing: false });
      if (reply && this.unreported.get(playId) === listenedMs) this.unreported.delete(playId);
    }
    return this.unreported.size === 0;
  }

  /** The listener leaves; what was heard last is told in `settle`. */
  leave(): void {
    this.letGo();
  }
}
