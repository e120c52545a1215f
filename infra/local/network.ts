/**
 * Hosts of a network of their own on one Linux machine, each a network namespace on one bridge, so that a
 * process can truly be cut off. Needs root, and a network namespace to live in (`unshare --net --mount`): all
 * of it vanishes with that, and the machine's own network is never touched.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);

export interface LocalHost {
  readonly address: string;
  /** Absent: the machine itself. */
  readonly netns?: string;
}

export interface LocalNetwork {
  /** Reached by every host; not to be cut off. */
  readonly outside: LocalHost;
  readonly hosts: Readonly<Record<string, LocalHost>>;
  /** From here on every packet from and to the host is dropped, in silence. */
  cut(name: string): Promise<void>;
  heal(name: string): Promise<void>;
}

const BRIDGE = 'antiphon0';
const SUBNET = '10.77.0';
/** Interface names have at most 15 characters. */
const linkOf = (index: number): string => `anti${index}`;

/** At most 250 hosts. @throws Error when not root, or not in a namespace of its own. */
export async function openNetwork(names: readonly string[]): Promise<LocalNetwork> {
  await run('mount', ['-t', 'tmpfs', 'none', '/run/netns']).catch(async () => {
    await run('mkdir', ['-p', '/run/netns']);
    await run('mount', ['-t', 'tmpfs', 'none', '/run/netns']);
  });
  await ip('link', 'set', 'lo', 'up');
  await ip('link', 'add', BRIDGE, 'type', 'bridge');
  await ip('addr', 'add', `${SUBNET}.254/24`, 'dev', BRIDGE);
  await ip('link', 'set', BRIDGE, 'up');
  const hosts: Record<string, LocalHost> = {};
  for (const [index, name] of names.entries()) {
    const [netns, link, address] = [`antiphon-${name}`, linkOf(index), `${SUBNET}.${index + 1}`];
    await ip('netns', 'add', netns);
    await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns);
    await ip('link', 'set', link, 'master', BRIDGE, 'up');
    await ip('-n', netns, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', netns, 'link', 'set', 'eth0', 'up');
    await ip('-n', netns, 'link', 'set', 'lo', 'up');
    hosts[name] = { address, netns };
  }
  const set = async (name: string, state: 'up' | 'down'): Promise<void> => {
    await ip('link', 'set', linkOf(names.indexOf(name)), state);
  };
  return {
    outside: { address: `${SUBNET}.254` },
    hosts,
    cut: (name) => set(name, 'down'),
    heal: (name) => set(name, 'up'),
  };
}
