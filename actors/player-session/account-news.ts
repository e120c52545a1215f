/** What happens to accounts and concerns their sessions (SPEC PS28, PS42, PS46). */
import { Consumers } from '../../kit/consumers.ts';
import type { Journal, JournalRecord } from '../../kit/ports/journal.ts';
import { ACCOUNTS_STREAM, type AccountEvent } from '../accounts/contract.ts';
import { PLAYER_STREAM } from './contract.ts';
import type { PlayerHost } from './host.ts';
import type { Known } from './known.ts';

export interface AccountNewsDeps {
  readonly journal: Pick<Journal, 'consume' | 'caughtUp'>;
  readonly host: PlayerHost;
  readonly known: Known;
}

/** Durable consumers of the player stream that keep what the deleted leave behind by law or contract. */
const READERS = ['history'];

export async function consumeAccountNews({ journal, host, known }: AccountNewsDeps): Promise<Consumers> {
  /** In one process for all of them. */
  async function heed(event: AccountEvent): Promise<void> {
    switch (event.type) {
      case 'accountCreated':
      case 'tierChanged':
      case 'administered':
        return;
      case 'deviceRemoved':
        await host.send(event.userId, { type: 'deviceRemoved', deviceId: event.deviceId });
        return;
      case 'accountDeleted': {
        const { userId } = event;
        known.bury(userId);
        await host.send(userId, { type: 'close' });
        // What counted has to reach those who pay for it before it is forgotten here.
        await Promise.all(READERS.map((reader) => journal.caughtUp(PLAYER_STREAM, reader)));
        return host.erase(userId);
      }
    }
  }

  /** In every process, about what it has in memory. */
  function remember(event: AccountEvent): void {
    if (event.type === 'tierChanged') known.forget(event.userId);
    if (event.type === 'accountDeleted') known.bury(event.userId);
  }

  const each = (handle: (event: AccountEvent) => Promise<void> | void) => {
    return async (records: readonly JournalRecord[]): Promise<void> => {
      for (const { data } of records) await handle(data as AccountEvent);
    };
  };
  const consumers = new Consumers(journal);
  const stream = ACCOUNTS_STREAM;
  await consumers.open(
    { stream, consumer: 'player-session-known', position: 'from-now', handle: each(remember) },
    { stream, consumer: 'player-session', handle: each(heed) },
  );
  return consumers;
}
