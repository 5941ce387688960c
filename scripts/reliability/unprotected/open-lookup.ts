import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { ResolvedAddress, ResolveHost } from '../../../src/http/address-guard.ts';

/** Takes every address for a public one. */
export function isPublicAddress(): boolean {
  return true;
}

export async function resolveHost(hostname: string): Promise<readonly ResolvedAddress[]> {
  return await lookup(hostname, { all: true, verbatim: true });
}

export function guardedLookup(resolve: ResolveHost): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, [...addresses]);
        else if (first) callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

export class AddressNotAllowedError extends Error {
  readonly code = 'ADDRESS_NOT_ALLOWED';
}
