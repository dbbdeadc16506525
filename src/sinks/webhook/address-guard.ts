import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Addresses that no webhook may reach, whatever a name resolves to: link-local ones, where clouds serve credentials of the machine, and the
 * well-known addresses of metadata services outside of them.
 */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addAddress('100.100.100.200', 'ipv4');
refused.addAddress('192.0.0.192', 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');

/** Error of a lookup whose answer is refused. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
  readonly code = 'EADDRREFUSED';
}

/** Whether an IP address, also an IPv4 one written as IPv6, is refused. */
export function isRefused(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && refused.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** As `dns.lookup`, at the moment of connecting, so that a name cannot mean something else then; what is refused is an error. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, []);
    const allowed = found.filter(({ address }) => !isRefused(address));
    const [first] = allowed;
    if (!first) callback(new AddressRefused('the host resolves to addresses that are refused'), []);
    else if (options.all) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};
