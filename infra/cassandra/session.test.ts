// Goal: nothing of a client goes on connecting to a node that the driver has let go of. Method: the driver's own map
// of hosts, with hosts that note their end.
import t from 'tap';
import { newClient } from './session.ts';

interface HostMap {
  set(address: string, host: { shutdown(): Promise<void> }): void;
  removeMultiple(addresses: readonly string[]): void;
}

void t.test('a host that is replaced or gone is ended at once', async (t) => {
  const client = newClient({ contactPoints: ['127.0.0.1:9042'], datacenter: 'here' });
  const { hosts } = (client as unknown as { controlConnection: { hosts: HostMap } }).controlConnection;
  const ended: string[] = [];
  const hostOf = (name: string) => ({ shutdown: async () => void ended.push(name) });
  hosts.set('127.0.0.1:9042', hostOf('before the outage'));
  hosts.set('127.0.0.2:9042', hostOf('of another node'));
  hosts.set('127.0.0.1:9042', hostOf('after the outage'));
  t.strictSame(ended, ['before the outage']);
  hosts.removeMultiple(['127.0.0.2:9042']);
  t.strictSame(ended, ['before the outage', 'of another node']);
});
