/**
 * Which process runs a consumer: one at a time, for all of the stream, until it ends. The others wait.
 *
 * A stopped process keeps its consumers: on one machine its operator can end it.
 */
import { processRuns, processToken } from './process-token.ts';
import type { Store } from './store.ts';

export interface Holding {
  /** Takes the consumer unless a living process has it; `first` runs in the same transaction. */
  claim(first: () => void): Promise<boolean>;
  /** As the store has it; to be asked inside the transaction that depends on it. */
  isOurs(): boolean;
  release(): Promise<void>;
}

/** Of this process: two of them may run the same consumer and take turns as processes do. */
const living = new Set<string>();
let count = 0;

const own = processToken();

function lives(holder: string): boolean {
  const process = holder.slice(0, holder.lastIndexOf('#'));
  return process === own ? living.has(holder) : processRuns(process);
}

export function openHolders(store: Store) {
  const holders = store.database('journal.holders');
  return {
    holding(stream: string, consumer: string): Holding {
      const key = [stream, consumer];
      const me = `${own}#${++count}`;
      living.add(me);
      const isOurs = (): boolean => holders.get(key) === me;
      return {
        isOurs,
        async claim(first) {
          store.refresh();
          const holder = holders.get(key);
          if (holder === me) return true;
          if (holder !== undefined && lives(holder)) return false;
          await store.write(() => {
            if (holders.get(key) !== holder) return;
            holders.putSync(key, me);
            first();
          });
          store.refresh();
          return isOurs();
        },
        async release() {
          living.delete(me);
          await store.write(() => {
            if (isOurs()) holders.removeSync(key);
          });
        },
      };
    },
  };
}
