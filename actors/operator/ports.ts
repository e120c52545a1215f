/** The least that an operator's look inside needs. */
import type { Client } from '../../kit/client.ts';
import type { Journal } from '../../kit/ports/journal.ts';
import type { accountsContract } from '../accounts/contract.ts';

/** The host of the player sessions on this node (kit/actor). */
export interface Sessions {
  inspect(userId: string): {
    readonly resident: boolean;
    readonly waiting: number;
    readonly state?: unknown;
    readonly seq?: number;
    readonly usedAtMs?: number;
  };
  fold(userId: string): Promise<{ readonly state: unknown; readonly seq: number }>;
  kick(userId: string): Promise<void>;
}

export type Accounts = Pick<Client<typeof accountsContract>, 'user' | 'list'>;
export type JournalReader = Pick<Journal, 'read' | 'parked' | 'replayParked'>;
