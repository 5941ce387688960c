/**
 * Adds to package-lock.json the platform packages that npm left out of it, and the checksums that it
 * lacks, and prints what was added.
 *
 * npm writes an optional platform package (a native binary for another system) into the lockfile
 * only when the registry in use offers it; `npm ci` then refuses the lockfile everywhere. Parents
 * name these packages with an exact version, so the entry is known without asking anybody. Only its
 * checksum is asked of the registry: without one, npm would install whatever it is given.
 * Run it after `npm install` of anything: `npm run lockfile:complete`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const entrySchema = z.looseObject({
  version: z.string().optional(),
  integrity: z.string().optional(),
  /** A package of this repository. */
  link: z.boolean().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const lockfileSchema = z.looseObject({ packages: z.record(z.string(), entrySchema) });

/** A parsed package-lock.json (lockfile version 3). */
export type Lockfile = z.infer<typeof lockfileSchema>;

/** An optional package that is named by another one and has no entry. */
export interface MissingEntry {
  path: string;
  version: string;
  dev: boolean;
}

/** @throws ZodError when the text is no lockfile. */
export function parseLockfile(text: string): Lockfile {
  return lockfileSchema.parse(JSON.parse(text));
}

/** Every optional dependency that some package of the lockfile names and the lockfile lacks. */
export function findMissingEntries(lockfile: Lockfile): MissingEntry[] {
  return Object.entries(lockfile.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isResolvable(lockfile, path, name))
      .map(([name, version]) => ({
        path: `node_modules/${name}`,
        version,
        dev: entry.dev ?? false,
      })),
  );
}

/** Every package that is downloaded and whose bytes nothing in the lockfile vouches for. */
export function findWithoutChecksum(lockfile: Lockfile): { path: string; version: string }[] {
  return Object.entries(lockfile.packages).flatMap(([path, { version, integrity, link }]) =>
    path.includes('node_modules/') && link !== true && integrity === undefined
      ? [{ path, version: version ?? '' }]
      : [],
  );
}

/** What the registry says of the bytes of a version. @throws Error when it says nothing. */
function askIntegrity(name: string, version: string): string {
  const spec = `${name}@${version}`;
  const answer = execFileSync('npm', ['view', spec, 'dist.integrity'], { encoding: 'utf8' }).trim();
  if (/^sha512-[A-Za-z0-9+/]{86}==$/.test(answer)) return answer;
  throw new Error(`the registry has no SHA-512 of ${spec}`);
}

/** Node's resolution: the package's own node_modules, then those of each folder above. */
function isResolvable(lockfile: Lockfile, from: string, name: string): boolean {
  if (lockfile.packages[`${from === '' ? '' : `${from}/`}node_modules/${name}`]) return true;
  if (from === '') return false;
  const parent = from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/')));
  return isResolvable(lockfile, parent, name);
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

/** `{os, cpu, libc?}` from a name such as `@swc/core-linux-arm-gnueabihf`. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[-/]/);
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  if (os.length !== 1 || cpu.length !== 1) {
    throw new Error(`${name} names no platform; add its lockfile entry by hand`);
  }
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  return { os, cpu, ...(os[0] === 'linux' ? { libc: [libc] } : {}) };
}

if (import.meta.main) {
  const file = new URL('../package-lock.json', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const missing = findMissingEntries(parseLockfile(text));
  // Records keep npm's order of keys, which a parsed entry would not.
  const record = z.record(z.string(), z.unknown());
  const lockfile = record.parse(JSON.parse(text));
  const packages = record.parse(lockfile['packages']);
  for (const { path, version, dev } of missing) {
    packages[path] = { version, ...platformOf(path), ...(dev ? { dev } : {}), optional: true };
    console.log(`added ${path} ${version}`);
  }
  const withoutChecksum = findWithoutChecksum(parseLockfile(JSON.stringify(lockfile)));
  for (const { path, version } of withoutChecksum) {
    const { version: _, ...rest } = record.parse(packages[path]);
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    packages[path] = { version, integrity: askIntegrity(name, version), ...rest };
    console.log(`checksum of ${name} ${version}`);
  }
  lockfile['packages'] = Object.fromEntries(
    Object.entries(packages).toSorted(([one], [other]) => one.localeCompare(other, 'en')),
  );
  if (missing.length + withoutChecksum.length > 0)
    writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
}
