/**
 * Which journal records answered the latest commands: pairs of fingerprint and `seq` in one flat array of
 * numbers, 16 bytes a command. The id and the reply themselves stay in the journal, where the rare repeat
 * reads them again.
 */
import { hash32 } from './hash.ts';

export const NO_COMMANDS: readonly number[] = [];

const fingerprintOf = (commandId: string) => hash32(commandId) | 0;

/** One exact copy: spreading and pushing would cost a command more than deciding it. */
export function rememberCommand(
  recent: readonly number[],
  commandId: string,
  seq: number,
  commandsMax: number,
): readonly number[] {
  const from = Math.max(0, recent.length - 2 * (commandsMax - 1));
  const kept = recent.length - from;
  const next = new Array<number>(kept + 2);
  for (let i = 0; i < kept; i++) next[i] = recent[from + i] as number;
  next[kept] = fingerprintOf(commandId);
  next[kept + 1] = seq;
  return next;
}

/** The records that may be the command's own, newest first; fingerprints can collide, so look into them. */
export function recordsOfCommand(recent: readonly number[], commandId: string): number[] {
  const fingerprint = fingerprintOf(commandId);
  const seqs: number[] = [];
  for (let i = recent.length - 2; i >= 0; i -= 2) {
    if (recent[i] === fingerprint) seqs.push(recent[i + 1] as number);
  }
  return seqs;
}
