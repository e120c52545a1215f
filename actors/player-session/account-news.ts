/** What happens to accounts and concerns their sessions (SPEC PS28, PS42, PS46). */
import type { Consumer, Journal } from '../../kit/ports/journal.ts';
import { ACCOUNTS_STREAM, type AccountEvent } from '../accounts/contract.ts';
import type { PlayerHost } from './host.ts';
import type { Known } from './known.ts';
import type { PlayerReaders } from './ports.ts';

export interface AccountNewsDeps {
  readonly journal: Pick<Journal, 'consume'>;
  readonly host: PlayerHost;
  readonly known: Known;
  readonly readers: PlayerReaders;
}

export function consumeAccountNews({ journal, host, known, readers }: AccountNewsDeps): Promise<Consumer> {
  async function heed(event: AccountEvent): Promise<void> {
    const { userId } = event;
    switch (event.type) {
      case 'accountCreated':
        return;
      case 'tierChanged':
        return known.forget(userId);
      case 'deviceRemoved':
        await host.send(userId, { type: 'deviceRemoved', deviceId: event.deviceId });
        return;
      case 'accountDeleted':
        known.forget(userId);
        await host.send(userId, { type: 'close' });
        // What counted has to reach those who pay for it before it is forgotten here.
        await readers.caughtUp();
        return host.erase(userId);
    }
  }

  return journal.consume({
    stream: ACCOUNTS_STREAM,
    consumer: 'player-session',
    async handle(records) {
      for (const record of records) await heed(record.data as AccountEvent);
    },
  });
}
