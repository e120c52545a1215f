/** A session without a host: decide and evolve over an array as journal, with a clock that the test sets. */
import type {
  SessionCommand,
  SessionReply,
  SongFacts,
  Surroundings,
} from '../../actors/player-session/commands.ts';
import { playerBehaviour } from '../../actors/player-session/domain.ts';
import { PLAY_RULES, type PlayRules } from '../../actors/player-session/listening.ts';
import type { SessionEvent, SessionState } from '../../actors/player-session/state.ts';

export const id = (name: string): string => name.padStart(22, '0');
export const PHONE = id('phone');
export const LAPTOP = id('laptop');
export const SONG_MS = 180_000;
const STARTED_AT_MS = Date.UTC(2026, 0, 1);

type Loose<T> = T extends unknown ? Omit<T, 'around' | 'deviceId' | 'seed'> & { deviceId?: string } : never;

export class TestSession {
  state: SessionState;
  nowMs = STARTED_AT_MS;
  /** One array of events a record. */
  readonly records: (readonly SessionEvent[])[] = [];
  readonly songs: Map<string, SongFacts>;
  seed = 1;
  private readonly behaviour;
  private ids = 0;

  constructor(songs: Record<string, Partial<SongFacts>> = {}, rules: Partial<PlayRules> = {}) {
    this.behaviour = playerBehaviour({ ...PLAY_RULES, ...rules });
    this.state = this.behaviour.initial('');
    this.songs = new Map(
      Object.entries(songs).map(([name, facts]) => [id(name), { durationMs: SONG_MS, ...facts }]),
    );
  }

  /** Decides, journals and folds a command of the phone, as the host does. @throws the rejection */
  do(command: Loose<SessionCommand>): SessionReply {
    const decision = this.decide(command);
    if (!decision.accepted) throw decision.rejection;
    if (decision.events.length > 0) this.records.push(structuredClone(decision.events));
    for (const event of [...decision.events, ...(decision.soft ?? [])]) {
      this.state = this.behaviour.evolve(this.state, event);
    }
    return decision.reply;
  }

  private decide(command: Loose<SessionCommand>) {
    const known = new Map<string, SongFacts>();
    if ('songIds' in command) this.lookUp(command.songIds ?? [], known);
    for (;;) {
      const full = { deviceId: PHONE, seed: this.seed, ...command, around: this.around(known) };
      const decision = this.behaviour.decide(this.state, full as SessionCommand, this.nowMs);
      const missing = decision.accepted ? decision.reply.missingSongIds : undefined;
      if (!missing) return decision;
      this.lookUp(missing, known);
    }
  }

  private lookUp(songIds: readonly string[], into: Map<string, SongFacts>): void {
    for (const songId of songIds) {
      into.set(songId, this.songs.get(songId) ?? { durationMs: 0, against: 'unknown' });
    }
  }

  private around(songs: ReadonlyMap<string, SongFacts>): Surroundings {
    const newId = (kind: string) => id(`${kind}${++this.ids}`);
    return {
      songs,
      country: 'SE',
      tier: 'premium',
      newPlayId: newId('play'),
      nextPlayId: newId('play'),
      entryBase: `${newId('entry').slice(3)}000`,
      seed: this.seed,
    };
  }

  play(...names: string[]): SessionReply {
    return this.do({ type: 'play', songIds: names.map(id) });
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  report(listenedMs: number, more: { deviceId?: string; playId?: string; positionMs?: number } = {}) {
    const playId = more.playId ?? this.playId;
    return this.do({ type: 'progress', playId, listenedMs, positionMs: 0, playing: true, ...more }).report;
  }

  /** The process dies: what was not journaled is forgotten. */
  crash(): void {
    this.state = this.behaviour.initial('');
    for (const event of this.records.flat()) this.state = this.behaviour.evolve(this.state, event);
  }

  get playId(): string {
    return this.state.play?.playId ?? 'none';
  }

  get song(): string | undefined {
    return this.state.play?.songId.replace(/^0+/, '');
  }

  events<T extends SessionEvent['type']>(type: T): Extract<SessionEvent, { type: T }>[] {
    return this.records.flat().filter((event) => event.type === type) as Extract<SessionEvent, { type: T }>[];
  }

  get counted(): number {
    return this.events('streamCounted').length;
  }
}
