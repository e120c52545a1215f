/**
 * Which journal records answered the latest commands: pairs of fingerprint and `seq` in one flat array of
 * numbers, 16 bytes a command. The id and the reply themselves stay in the journal, where the rare repeat
 * reads them again.
 */
import { hash32 } from './hash.ts';

export const NO_COMMANDS: readonly number[] = [];

export const rememberCommand = (
  recent: readonly number[],
  commandId: string,
  seq: number,
  commandsMax: number,
): readonly number[] => [...recent.slice(-2 * (commandsMax - 1)), hash32(commandId), seq];

/** The records that may be the command's own, newest first; fingerprints can collide, so look into them. */
export function recordsOfCommand(recent: readonly number[], commandId: string): number[] {
  const fingerprint = hash32(commandId);
  const seqs: number[] = [];
  for (let i = recent.length - 2; i >= 0; i -= 2) {
    if (recent[i] === fingerprint) seqs.push(recent[i + 1] as number);
  }
  return seqs;
}
