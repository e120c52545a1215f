/**
 * The virtual-actor runtime: activates an actor from its journal on first use, runs its commands one at a
 * time, and journals what it decides.
 *
 * The append with the expected sequence is the fence. Two nodes may both hold an activation of one id, but
 * only one of them can append next; the other one drops its memory, reloads and decides again. Nothing here
 * relies on routing, leases or clocks agreeing.
 */
import { currentCall } from '../call-context.ts';
import { AntiphonError, DeadlineExceededError, StaleWriteError, UnavailableError } from '../errors.ts';
import { logger } from '../log.ts';
import type { Journal } from '../ports/journal.ts';
import type { Clock } from '../sources.ts';
import { type Activation, type ActorRecord, loadActivation } from './activation.ts';
import type { Accepted, ActorHost, Answer, Behaviour, SendOptions } from './behaviour.ts';
import { ACTOR_LIMITS, type ActorLimits } from './limits.ts';
import { createMailboxes } from './mailbox.ts';
import { actorMetrics } from './metrics.ts';
import { recordsOfCommand, rememberCommand } from './recent-commands.ts';
import { createResidents } from './residents.ts';
import type { SnapshotTable } from './snapshot.ts';

const log = logger('actor');

export interface ActorHostDeps<State, Command, Event, Reply> {
  readonly behaviour: Behaviour<State, Command, Event, Reply>;
  readonly journal: Pick<Journal, 'append' | 'read' | 'lastSeq' | 'erase'>;
  /** The opened ACTOR_SNAPSHOTS (snapshot.ts). */
  readonly snapshots: SnapshotTable;
  readonly clock: Clock;
  readonly limits?: ActorLimits;
  /** For effects, after each accepted command and before its answer; never for duplicates. Must not block. */
  readonly onAccepted?: (accepted: Accepted<State, Event, Reply>) => void;
}

export function createActorHost<State, Command, Event, Reply>({
  behaviour,
  journal,
  snapshots,
  clock,
  limits = ACTOR_LIMITS,
  onAccepted,
}: ActorHostDeps<State, Command, Event, Reply>): ActorHost<State, Command, Reply> {
  const stream = behaviour.name;
  const subjectOf = (id: string) => `${stream}.${id}`;
  const metrics = actorMetrics(stream);
  const mailboxes = createMailboxes(limits.mailboxMax);
  const saving = new Set<Promise<void>>();
  const residents = createResidents<State>({
    clock,
    limits,
    isBusy: mailboxes.isBusy,
    onSize: (size) => metrics.residents.set(size),
    onPassivated(id, activation) {
      if (activation.unsaved >= limits.passivationSnapshotRecordsMin) saveSoon(id, activation);
    },
  });
  let closed = false;

  const load = (id: string) =>
    loadActivation(id, { behaviour, journal, snapshots, recentCommandsMax: limits.recentCommandsMax });

  async function activate(id: string): Promise<Activation<State>> {
    const resident = residents.get(id);
    if (resident) {
      residents.use(id, resident);
      return resident;
    }
    const activation = await load(id);
    metrics.activations.inc();
    residents.use(id, activation);
    return activation;
  }

  /** A snapshot is a shortcut only, so nobody waits for it and its failure costs a longer fold. */
  function saveSoon(id: string, activation: Activation<State>): void {
    activation.unsaved = 0;
    const { state, seq, recent, softened } = activation;
    const saved = (softened ? load(id) : Promise.resolve({ state, seq, recent }))
      .then((pure) =>
        snapshots.put(subjectOf(id), [], {
          stateVersion: behaviour.stateVersion,
          state: pure.state,
          seq: pure.seq,
          recent: pure.recent,
        }),
      )
      .catch((error: unknown) => {
        metrics.snapshotFailures.inc();
        log.debug({ err: error, actor: subjectOf(id) }, 'snapshot not written');
      })
      .finally(() => saving.delete(saved));
    saving.add(saved);
  }

  const isLate = ({ deadlineMs }: SendOptions) => deadlineMs !== undefined && clock.nowMs() > deadlineMs;

  /** The answer that the journal holds for this command, if it is in one of these records. */
  async function firstAnswer(
    id: string,
    commandId: string,
    seqs: readonly number[],
    { state, seq }: Activation<State>,
  ): Promise<Answer<State, Reply> | undefined> {
    for (const recordSeq of seqs) {
      const [record] = await journal.read(stream, subjectOf(id), recordSeq - 1);
      const data = record?.data as ActorRecord | undefined;
      if (record?.seq === recordSeq && data?.commandId === commandId) {
        metrics.duplicates.inc();
        return { reply: data.reply as Reply, state, seq, duplicate: true };
      }
    }
    return undefined;
  }

  /** @throws StaleWriteError when the journal has gone on without this activation. */
  async function append(id: string, seq: number, data: ActorRecord): Promise<number> {
    const startedAtMs = clock.nowMs();
    try {
      return await journal.append(stream, subjectOf(id), data, { expectedSeq: seq });
    } catch (error) {
      // Stale, too large: refusals with a known outcome.
      if (error instanceof AntiphonError && !error.retryable) throw error;
      throw new UnavailableError(
        'OUTCOME_UNKNOWN',
        'It is not known whether this took effect; send it again with the same commandId.',
        { cause: String(error) },
      );
    } finally {
      metrics.appendSeconds.observe((clock.nowMs() - startedAtMs) / 1000);
    }
  }

  /** An answer that appends nothing is not fenced by an append, so the journal is asked. */
  async function assertCurrent(id: string, seq: number): Promise<void> {
    const lastSeq = await journal.lastSeq(stream, subjectOf(id));
    if (lastSeq !== seq) throw new StaleWriteError('STALE_ACTIVATION', 'Reload the actor.', { lastSeq });
  }

  /** Undefined when the journal does not tell soon. */
  const lastSeqSoon = (id: string): Promise<number | undefined> =>
    new Promise((resolve) => {
      const late = clock.after(limits.readCheckMsMax, () => resolve(undefined));
      journal
        .lastSeq(stream, subjectOf(id))
        .then(resolve, () => resolve(undefined))
        .finally(() => late.cancel());
    });

  /** An activation may have been overtaken while its key was another node's, and nothing else would show it. */
  async function newest(id: string): Promise<Activation<State>> {
    const resident = residents.get(id);
    const lastSeq = resident && (await lastSeqSoon(id));
    if (lastSeq !== undefined && lastSeq !== resident?.seq) {
      residents.drop(id);
      metrics.staleReads.inc();
    }
    return activate(id);
  }

  function tell(accepted: Accepted<State, Event, Reply>): void {
    try {
      onAccepted?.(accepted);
    } catch (error) {
      log.error({ err: error, actor: subjectOf(accepted.id) }, 'effect failed');
    }
  }

  /** One attempt with the activation as it is, which changes only once the record is durable. */
  async function attempt(id: string, command: Command, options: SendOptions): Promise<Outcome<State, Reply>> {
    const { commandId } = options;
    const activation = await activate(id);
    if (commandId) {
      const seqs = recordsOfCommand(activation.recent, commandId);
      const first = seqs.length > 0 && (await firstAnswer(id, commandId, seqs, activation));
      if (first) return first;
    }

    // Nothing awaits from here to the append, so this one check stands before both deciding and appending.
    if (isLate(options)) return late();
    const decision = behaviour.decide(activation.state, command, clock.nowMs());
    if (!decision.accepted) {
      await assertCurrent(id, activation.seq);
      return decision.rejection;
    }
    const { events, soft = [], reply } = decision;
    // Folded before it is journaled: a decision that cannot be folded must not become a fact.
    let { state } = activation;
    for (const event of events) state = behaviour.evolve(state, event);
    for (const event of soft) state = behaviour.evolve(state, event);
    if (events.length > 0) {
      activation.seq = await append(
        id,
        activation.seq,
        commandId ? { commandId, reply, events } : { events },
      );
      activation.unsaved += 1;
      if (commandId) {
        const { recent, seq } = activation;
        activation.recent = rememberCommand(recent, commandId, seq, limits.recentCommandsMax);
      }
    } else if (commandId) {
      await assertCurrent(id, activation.seq);
    }
    activation.state = state;
    activation.softened ||= soft.length > 0;
    if (activation.unsaved >= limits.snapshotEvery) saveSoon(id, activation);
    tell({ id, events, soft, reply, state, seq: activation.seq });
    return { reply, state, seq: activation.seq, duplicate: false };
  }

  /** Whatever throws leaves the memory in doubt, so it goes; what the journal holds decides again. */
  async function attemptUntilCurrent(
    id: string,
    command: Command,
    options: SendOptions,
  ): Promise<Outcome<State, Reply>> {
    for (let retries = 0; retries <= limits.staleRetriesMax; retries++) {
      if (isLate(options)) return late();
      try {
        return await attempt(id, command, options);
      } catch (error) {
        residents.drop(id);
        if (!(error instanceof StaleWriteError)) throw error;
        metrics.staleWrites.inc();
      }
    }
    throw new UnavailableError('ACTOR_CONTENDED', 'Others change this at the same time; try again.');
  }

  const inTurn = <T>(id: string, work: () => Promise<T>): Promise<T> =>
    closed
      ? Promise.reject(new UnavailableError('HOST_CLOSED', 'This node is shutting down; try again.'))
      : mailboxes.inTurn(id, work);

  return {
    async send(id, command, { commandId, deadlineMs = currentCall().deadlineMs } = {}) {
      const options = { ...(commandId && { commandId }), ...(deadlineMs !== undefined && { deadlineMs }) };
      const outcome = await inTurn(id, () => attemptUntilCurrent(id, command, options));
      if (outcome instanceof AntiphonError) throw outcome;
      return outcome;
    },
    read: (id) =>
      inTurn(id, async () => {
        const { state, seq } = await newest(id);
        return { state, seq };
      }),
    async fold(id) {
      const { state, seq } = await load(id);
      return { state, seq };
    },
    kick: (id) => inTurn(id, async () => residents.drop(id)),
    erase: (id) =>
      inTurn(id, async () => {
        residents.drop(id);
        await Promise.all(saving);
        await journal.erase(stream, subjectOf(id));
        await snapshots.delete(subjectOf(id), []);
      }),
    inspect(id) {
      const activation = residents.get(id);
      const waiting = mailboxes.waiting(id);
      if (!activation) return { resident: false, waiting };
      const { state, seq, usedAtMs } = activation;
      return { resident: true, waiting, state, seq, usedAtMs };
    },
    get residents() {
      return residents.size;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await mailboxes.drained();
      residents.close();
      await Promise.all(saving);
    },
  };
}

/** Refusals are values until they leave the host: they put nothing in doubt. */
type Outcome<State, Reply> = Answer<State, Reply> | AntiphonError;

const late = () =>
  new DeadlineExceededError('DEADLINE_EXCEEDED', 'The command came too late to be worth doing.');
