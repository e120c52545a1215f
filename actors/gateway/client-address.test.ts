// Goal: only what this machine itself asks counts as local.
import type { IncomingMessage } from 'node:http';
import t from 'tap';
import { createClientAddresses } from './client-address.ts';

const addresses = createClientAddresses(['10.0.0.0/8']);
const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage;

t.test('a request is local when its address and its Host both are', async (t) => {
  for (const host of ['localhost', 'LocalHost:4600', '127.0.0.1:4600', '127.0.1.1', '[::1]:4600']) {
    t.ok(addresses.isLocal(from('127.0.0.1', { host })), host);
    t.notOk(addresses.isLocal(from('192.0.2.7', { host })), `${host} from elsewhere`);
  }
  t.ok(addresses.isLocal(from('::ffff:127.0.0.1', { host: 'localhost' })));
});

t.test('a name rebound to this machine does not make a page local', async (t) => {
  const hosts = [
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil@localhost',
    '0',
    '',
  ];
  for (const host of hosts) t.notOk(addresses.isLocal(from('127.0.0.1', { host })), host);
  t.notOk(addresses.isLocal(from('::1')), 'no Host at all');
});

t.test('what a proxy passes on is not local', async (t) => {
  for (const header of ['x-forwarded-for', 'forwarded']) {
    t.notOk(addresses.isLocal(from('127.0.0.1', { host: 'localhost', [header]: '127.0.0.1' })), header);
  }
});

t.test('X-Forwarded-For is believed of trusted proxies only, up to the first stranger', async (t) => {
  const of = (remote: string, chain: string) => addresses.of(from(remote, { 'x-forwarded-for': chain }));
  t.equal(of('192.0.2.7', '198.51.100.1'), '192.0.2.7', 'not of a stranger');
  t.equal(of('10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.2'), '198.51.100.1');
  t.equal(of('10.0.0.1', 'nonsense, 10.0.0.2'), '10.0.0.2');
  t.equal(of('10.0.0.1', '2001:db8:1:2:3::4'), '2001:db8:1:2::/64');
});
