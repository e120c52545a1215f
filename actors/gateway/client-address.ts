/** Whose address a request has, when proxies that we trust stand in between. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** @throws Error naming an entry that is neither an address nor a CIDR range. */
function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const version = isIP(address);
    if (version === 0) throw new Error(`Trusted proxy "${entry}" is neither an address nor a range.`);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const plain = (address: string) => (address.startsWith('::ffff:') ? address.slice(7) : address);

/** One household often holds a whole IPv6 /64, so limits count it as one. */
function limitKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  if (tail !== undefined) {
    const after = tail.split(':').filter(Boolean);
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

const LOOPBACK_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;

export interface ClientAddresses {
  /** The client's address as rate limits count it. */
  of(req: IncomingMessage): string;
  /**
   * Whether the request was made on this machine, by nobody's order: a page whose name was rebound to this
   * machine comes from it too, but its Host is the page's own.
   */
  isLocal(req: IncomingMessage): boolean;
}

export function createClientAddresses(trustedProxies: readonly string[]): ClientAddresses {
  const trusted = blockListOf(trustedProxies);
  const isTrusted = (address: string) => trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  const loopback = blockListOf(['127.0.0.0/8', '::1']);

  return {
    of(req) {
      let address = plain(req.socket.remoteAddress ?? '');
      const forwarded = req.headers['x-forwarded-for'];
      if (forwarded && isIP(address) && isTrusted(address)) {
        // The rightmost address that no proxy of ours wrote is the only one that the client cannot choose.
        const chain = String(forwarded).split(',').reverse();
        for (const hop of chain) {
          const candidate = plain(hop.trim());
          if (isIP(candidate) === 0) break;
          address = candidate;
          if (!isTrusted(candidate)) break;
        }
      }
      return limitKey(address);
    },
    isLocal(req) {
      const { host = '', forwarded } = req.headers;
      if (req.headers['x-forwarded-for'] !== undefined || forwarded !== undefined) return false;
      if (!LOOPBACK_HOST.test(host)) return false;
      const address = plain(req.socket.remoteAddress ?? '');
      return isIP(address) !== 0 && loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
    },
  };
}
