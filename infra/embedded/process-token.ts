/** Names this process so that others on the machine can tell whether it still runs, ids being given again. */
import { readFileSync } from 'node:fs';

/** When the process began, in the kernel's ticks; '' where that cannot be had, undefined for a dead one. */
function beganAt(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  if (process.platform !== 'linux') return '';
  try {
    // proc(5): behind the name in brackets stand the state and, twenty fields on, the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? undefined : (fields[19] ?? '');
  } catch {
    return undefined;
  }
}

export const processToken = (): string => `${process.pid}:${beganAt(process.pid) ?? ''}`;

export function processRuns(token: string): boolean {
  const [pid, began] = token.split(':');
  return beganAt(Number(pid)) === began;
}
