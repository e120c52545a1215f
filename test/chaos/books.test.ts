/** Goal: each book finds what it is there to find. Method: books in order, and one lie at a time. */
import t from 'tap';
import type { PlayerState } from '../../actors/player-session/contract.ts';
import { type Account, booksOf } from './books.ts';
import { openLedger } from './ledger.ts';
import type { StoredRecord } from './stored.ts';

const USER = 'user';
const PLAY = 'play-1';
const SONG = 'song-1';

const ENTRY = { playId: PLAY, songId: SONG, startedAtMs: 1, listenedMs: 0, counted: true };

/** A listener who played a song for 31 s, liked it and paused. */
function inOrder() {
  const ledger = openLedger(
    { username: 'ada', userId: USER, heardMsByPlay: new Map([[PLAY, 31_000]]) },
    'ada',
  );
  const command = { acknowledged: true, alwaysChanges: false, afterDoubt: false };
  ledger.commands.push(
    { ...command, commandId: 'c1', name: 'play', alwaysChanges: true, versionBefore: 0, versionAfter: 1 },
    { ...command, commandId: 'c2', name: 'pause', versionBefore: 2, versionAfter: 3 },
  );
  ledger.versions.push(1, 2, 3, 3);
  ledger.toldCounted.add(PLAY);
  ledger.reportedWhole.add(PLAY);
  ledger.likes.set(SONG, { value: true, inDoubt: false });
  ledger.servedInTheEnd = true;
  const state = { version: 3, current: { playId: PLAY, positionMs: 31_100 } } as PlayerState;
  ledger.end = { state, devicePositionMs: 31_000 };
  const session: StoredRecord[] = [
    { seq: 1, commandId: 'c1', events: [{ type: 'playStarted', playId: PLAY }] },
    { seq: 2, events: [{ type: 'streamCounted', playId: PLAY }] },
    { seq: 3, commandId: 'c2', events: [{ type: 'paused', playId: PLAY, positionMs: 31_100 }] },
  ];
  const stored = {
    session,
    history: [ENTRY],
    likes: new Map([[SONG, true]]),
    displayName: 'ada',
    nameOwners: [USER, USER],
  };
  return { ledger, stored } satisfies Account;
}

const wrongIn = (account: Account): string[] => booksOf([account]).flatMap(({ wrong }) => wrong);

t.test('books in order hold', async (t) => {
  const books = booksOf([inOrder()]);
  t.same(
    books.flatMap(({ wrong }) => wrong),
    [],
  );
  for (const { rule, checked } of books) t.ok(checked > 0, rule);
});

const lies: Readonly<Record<string, (account: ReturnType<typeof inOrder>) => void>> = {
  'c1 is there 2 times': ({ stored }) => {
    stored.session.push({ seq: 3, commandId: 'c1', events: [] });
  },
  'c2 was acknowledged and is not there': ({ stored }) => {
    stored.session[2] = { seq: 3, events: [{ type: 'paused', playId: PLAY, positionMs: 31_100 }] };
  },
  'version 4 is gone': ({ ledger }) => ledger.versions.push(4),
  'version 1 was told after 3': ({ ledger }) => ledger.versions.push(1),
  'counts twice': ({ stored }) => {
    stored.session.push({ seq: 3, events: [{ type: 'streamCounted', playId: PLAY }] });
  },
  'counts after 29999 ms': ({ ledger }) => {
    (ledger.heardMsByPlay as Map<string, number>).set(PLAY, 29_999);
  },
  'is not counted': ({ stored }) => stored.session.splice(1, 1),
  'is missing': ({ stored }) => stored.history.pop(),
  'stands there 2 times': ({ stored }) => stored.history.push(ENTRY),
  'says counted: false': ({ stored }) => stored.history.splice(0, 1, { ...ENTRY, counted: false }),
  'never began': ({ stored }) => {
    stored.history.push({
      playId: 'x',
      songId: SONG,
      startedAtMs: 1,
      listenedMs: 0,
      counted: false,
    });
  },
  'is saved: false': ({ stored }) => stored.likes.delete(SONG),
  'its name leads to other': ({ stored }) => Object.assign(stored, { nameOwners: [USER, 'other'] }),
  'it is called eve': ({ stored }) => Object.assign(stored, { displayName: 'eve' }),
  'its state is not the newest': ({ stored }) => stored.session.push({ seq: 9, events: [] }),
  'the device at 1 ms': ({ ledger }) => Object.assign(ledger.end ?? {}, { devicePositionMs: 1 }),
  'the last question had no answer': ({ ledger }) => Object.assign(ledger, { servedInTheEnd: false }),
};

for (const [finding, lie] of Object.entries(lies)) {
  t.test(`found: ${finding}`, async (t) => {
    const account = inOrder();
    lie(account);
    t.ok(
      wrongIn(account).some((what) => what.endsWith(finding)),
      wrongIn(account).join('; '),
    );
  });
}

t.test('what is in doubt may have been done or not', async (t) => {
  const account = inOrder();
  account.ledger.likes.set(SONG, { value: false, inDoubt: true });
  account.ledger.commands.push({
    commandId: 'c9',
    name: 'seek',
    acknowledged: false,
    alwaysChanges: false,
    versionBefore: 3,
    afterDoubt: false,
  });
  t.same(wrongIn(account), []);
});
