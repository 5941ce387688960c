import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface ResolvedAddress {
  address: string;
  family: number;
}

/** Every address of a host name; throws like `dns.lookup`. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** A host name led to an address that is not on the public internet. */
export class AddressNotAllowedError extends Error {
  readonly code = 'ADDRESS_NOT_ALLOWED';

  constructor(hostname: string, address: string) {
    super(`${hostname} leads to ${address}, which is not a public address`);
  }
}

/** IPv6 that is routed on the internet; everything else (NAT64, site-local, compatible …) is not. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is a public unicast address: an allow-list, so a range nobody thought of is refused.
 * IPv4 inside IPv6 (`::ffff:127.0.0.1`) is judged as the IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/** Resolves by the operating system, all addresses, in its order. */
export async function resolveHost(hostname: string): Promise<readonly ResolvedAddress[]> {
  return await dnsLookup(hostname, { all: true, verbatim: true });
}

/**
 * A `lookup` for a socket that hands it only addresses that were just checked: the socket connects to one of
 * these, so an answer that changes between check and connect (DNS rebinding) has no effect. One address that
 * is not public refuses the name as a whole.
 */
export function guardedLookup(resolve: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    resolvePublic(hostname, resolve).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, [...addresses]);
        else if (first) callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

async function resolvePublic(
  hostname: string,
  resolve: ResolveHost,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await resolve(hostname);
  const refused = addresses.find(({ address }) => !isPublicAddress(address));
  if (refused) throw new AddressNotAllowedError(hostname, refused.address);
  if (addresses.length === 0) {
    throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' });
  }
  return addresses;
}
