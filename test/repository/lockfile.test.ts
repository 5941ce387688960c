import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  findMissingEntries,
  findWithoutChecksum,
  parseLockfile,
} from '../../scripts/complete-lockfile.ts';

describe('the lockfile', () => {
  it('lists every platform package, so that npm ci accepts it on every system', () => {
    const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
    // After installing something, `npm run lockfile:complete` adds what npm left out.
    expect(findMissingEntries(parseLockfile(text))).toEqual([]);
  });

  it('has a checksum of every package that is downloaded', () => {
    const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
    // `npm run lockfile:complete` asks for those that are missing.
    expect(findWithoutChecksum(parseLockfile(text))).toEqual([]);
  });

  it('has none for an entry without one, unless it is a package of this repository', () => {
    const packages = {
      '': { version: '0.1.0' },
      'packages/client': { version: '0.1.0' },
      'node_modules/@baton/client': { link: true },
      'node_modules/sealed': { version: '1.0.0', integrity: 'sha512-x' },
      'node_modules/sealed/node_modules/open': { version: '2.0.0' },
    };
    expect(findWithoutChecksum(parseLockfile(JSON.stringify({ packages })))).toEqual([
      { path: 'node_modules/sealed/node_modules/open', version: '2.0.0' },
    ]);
  });

  it('misses what a nested package names and no folder above it has', () => {
    const lockfile = parseLockfile(
      JSON.stringify({
        packages: {
          '': {},
          'node_modules/above': { version: '1.0.0' },
          'node_modules/parent': { version: '1.0.0' },
          'node_modules/parent/node_modules/beside': { version: '1.0.0' },
          'node_modules/parent/node_modules/child': {
            version: '1.0.0',
            dev: true,
            optionalDependencies: {
              above: '1.0.0',
              beside: '1.0.0',
              '@x/native-linux-x64': '2.0.0',
            },
          },
        },
      }),
    );
    expect(findMissingEntries(lockfile)).toEqual([
      { path: 'node_modules/@x/native-linux-x64', version: '2.0.0', dev: true },
    ]);
  });
});
