/**
 * Holds what listeners were told against what is stored. Pure: each book is a rule with the cases that break it.
 */
import { COUNTED_AFTER_LISTENED_MS } from '../../config/limits.ts';
import type { Kept, Ledger } from './ledger.ts';
import type { Stored, StoredEvent } from './stored.ts';

export interface Book {
  readonly rule: string;
  /** How many things were looked at. */
  readonly checked: number;
  /** What breaks the rule; empty when it holds. */
  readonly wrong: readonly string[];
}

export interface Account {
  readonly ledger: Ledger;
  readonly stored: Stored;
}

/** Where a device and its session may be apart in a song: a report on its way, and the answer to a pause. */
const POSITION_MS_MAX = 3000;

type Rule = (account: Account) => { readonly checked: number; readonly wrong: readonly string[] };

const RULES: Readonly<Record<string, Rule>> = {
  'each acknowledged command is in the journal once': commandsOnce,
  'no acknowledged state is lost': versionsStored,
  'no answer is older than the one before': versionsGrow,
  'each stream is counted once, after 30 s that truly sounded': countedOnce,
  'each play heard for 30 s and reported is counted': heardIsCounted,
  'each play is in the history once, as the journal tells it': historyAsJournal,
  'each song is saved, or not, as was acknowledged last': likesKept,
  'each account is there, by its name, as was acknowledged last': accountsKept,
  'each session stands where its listener left it': positionsKept,
  'each session is served in the end': servedAgain,
};

export function booksOf(accounts: readonly Account[]): Book[] {
  return Object.entries(RULES).map(([rule, check]) => {
    const found = accounts.map((account) => ({ account, ...check(account) }));
    return {
      rule,
      checked: found.reduce((sum, { checked }) => sum + checked, 0),
      wrong: found.flatMap(({ account, wrong }) =>
        wrong.map((what) => `${account.ledger.username}: ${what}`),
      ),
    };
  });
}

const eventsOf = ({ session }: Stored, type: string): StoredEvent[] =>
  session.flatMap(({ events }) => events.filter((event) => event.type === type));

function commandsOnce({ ledger, stored }: Account) {
  const times = new Map<string, number>();
  for (const { commandId } of stored.session) {
    if (commandId !== undefined) times.set(commandId, (times.get(commandId) ?? 0) + 1);
  }
  const wrong = ledger.commands.flatMap((told) => {
    const { commandId, name, acknowledged, alwaysChanges, versionBefore, versionAfter, afterDoubt } = told;
    const found = times.get(commandId) ?? 0;
    if (found > 1) return [`${name} ${commandId} is there ${found} times`];
    if (found === 1 || !acknowledged) return [];
    // What was so already is answered without a record, and then the version has not grown.
    const changed = alwaysChanges || (!afterDoubt && versionAfter !== versionBefore);
    return changed ? [`${name} ${commandId} was acknowledged and is not there`] : [];
  });
  return { checked: ledger.commands.filter(({ acknowledged }) => acknowledged).length, wrong };
}

function versionsStored({ ledger, stored }: Account) {
  const seqs = new Set(stored.session.map(({ seq }) => seq));
  const lost = new Set(ledger.versions.filter((version) => version > 0 && !seqs.has(version)));
  return { checked: ledger.versions.length, wrong: [...lost].map((version) => `version ${version} is gone`) };
}

function versionsGrow({ ledger: { versions } }: Account) {
  const wrong = versions.flatMap((version, i) => {
    const before = versions[i - 1] ?? 0;
    return version < before ? [`version ${version} was told after ${before}`] : [];
  });
  return { checked: versions.length, wrong };
}

function countedOnce({ ledger, stored }: Account) {
  const counted = eventsOf(stored, 'streamCounted');
  const seen = new Set<string>();
  const wrong = counted.flatMap(({ playId = '' }) => {
    if (seen.has(playId)) return [`play ${playId} counts twice`];
    seen.add(playId);
    const heardMs = ledger.heardMsByPlay.get(playId) ?? 0;
    return heardMs < COUNTED_AFTER_LISTENED_MS ? [`play ${playId} counts after ${heardMs} ms`] : [];
  });
  return { checked: counted.length, wrong };
}

function heardIsCounted({ ledger, stored }: Account) {
  const counted = new Set(eventsOf(stored, 'streamCounted').map(({ playId }) => playId));
  const owed = new Set([...ledger.toldCounted, ...ledger.reportedWhole]);
  const wrong = [...owed].filter((playId) => !counted.has(playId));
  return { checked: owed.size, wrong: wrong.map((playId) => `play ${playId} is not counted`) };
}

function historyAsJournal({ stored }: Account) {
  const counted = new Set(eventsOf(stored, 'streamCounted').map(({ playId }) => playId));
  const listenedMs = new Map(eventsOf(stored, 'playEnded').map((event) => [event.playId, event.listenedMs]));
  const started = eventsOf(stored, 'playStarted').map(({ playId }) => playId as string);
  const wrong = started.flatMap((playId) => {
    const [entry, ...more] = stored.history.filter((each) => each.playId === playId);
    if (!entry) return [`play ${playId} is missing`];
    if (more.length > 0) return [`play ${playId} stands there ${more.length + 1} times`];
    if (entry.counted !== counted.has(playId)) return [`play ${playId} says counted: ${entry.counted}`];
    const toldMs = listenedMs.get(playId) ?? 0;
    return entry.listenedMs === toldMs ? [] : [`play ${playId} says ${entry.listenedMs} ms, not ${toldMs}`];
  });
  const known = new Set(started);
  const strangers = stored.history.filter(({ playId }) => !known.has(playId));
  return {
    checked: started.length,
    wrong: [...wrong, ...strangers.map(({ playId }) => `play ${playId} never began`)],
  };
}

function likesKept({ ledger, stored }: Account) {
  const wrong = [...ledger.likes].flatMap(([songId, kept]) => {
    const found = stored.likes.get(songId) ?? false;
    return isKept(kept, found) ? [] : [`song ${songId} is saved: ${found}`];
  });
  return { checked: ledger.likes.size, wrong };
}

function accountsKept({ ledger, stored }: Account) {
  const { userId, displayName } = ledger;
  const wrong = [
    ...stored.nameOwners.filter((owner) => owner !== userId).map((owner) => `its name leads to ${owner}`),
    ...(isKept(displayName, stored.displayName) ? [] : [`it is called ${stored.displayName}`]),
  ];
  return { checked: 1, wrong };
}

/** A write in doubt leaves open which value holds. */
const isKept = <T>({ value, inDoubt }: Kept<T>, found: unknown): boolean =>
  inDoubt ? found !== undefined : found === value;

function positionsKept({ ledger, stored }: Account) {
  if (!ledger.end) return { checked: 0, wrong: [] };
  const { state, devicePositionMs } = ledger.end;
  const [playId, positionMs] = [state.current?.playId, state.current?.positionMs ?? 0];
  const started = eventsOf(stored, 'playStarted').at(-1);
  const stands = stored.session
    .flatMap(({ events }) => events.filter(({ type }) => type === 'paused' || type === 'seeked'))
    .at(-1);
  const wrong = [
    ...(state.version === (stored.session.at(-1)?.seq ?? 0) ? [] : ['its state is not the newest']),
    ...(playId === undefined || playId === started?.playId ? [] : ['another play began last']),
    ...(playId === stands?.playId && positionMs !== stands?.positionMs
      ? [`it stands at ${positionMs} ms and was left at ${stands?.positionMs} ms`]
      : []),
    ...(playId !== undefined && Math.abs(positionMs - devicePositionMs) > POSITION_MS_MAX
      ? [`it stands at ${positionMs} ms, the device at ${devicePositionMs} ms`]
      : []),
  ];
  return { checked: 1, wrong };
}

function servedAgain({ ledger }: Account) {
  return { checked: 1, wrong: ledger.servedInTheEnd ? [] : ['the last question had no answer'] };
}
