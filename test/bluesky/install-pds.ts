import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A server that is ready to be started. */
export interface InstalledPds {
  /** The Node that its native addon is built for. */
  node: string;
  script: string;
}

const SOURCE = join(import.meta.dirname, 'server');
const CACHE = join(import.meta.dirname, '..', '..', '.baton', 'test-bluesky');
const FILES = ['.npmrc', 'package.json', 'package-lock.json'] as const;
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/**
 * Installs the server with dependencies of its own, outside the checkout's, once per lockfile. Its SQLite addon
 * is built from source for the Node 22 that is installed beside it: it does not build for ours.
 */
export function installPds(): InstalledPds {
  const lockfile = readFileSync(join(SOURCE, 'package-lock.json'));
  const version = createHash('sha256').update(lockfile).digest('hex').slice(0, 16);
  const directory = join(CACHE, version);
  const done = join(directory, 'installed');
  const home = join(directory, 'node_modules', `node-${process.platform}-${process.arch}`);
  const installed = { node: join(home, 'bin', 'node'), script: join(directory, 'pds.mjs') };
  if (!existsSync(done)) {
    const begun = performance.now();
    console.log(`Installing a personal data server into ${directory} (a few minutes, once) …`);
    // Whatever an interrupted install left.
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const file of FILES) copyFileSync(join(SOURCE, file), join(directory, file));
    runNpm(['ci', '--ignore-scripts'], { directory, environment: {} });
    if (!existsSync(installed.node)) {
      throw new Error(`No Node 22 package is known for ${process.platform} ${process.arch}`);
    }
    const path = `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`;
    const environment = { PATH: path, npm_config_nodedir: home, npm_config_build_from_source: '1' };
    runNpm(['rebuild', 'better-sqlite3'], { directory, environment });
    writeFileSync(done, '');
    console.log(`Installed in ${Math.round((performance.now() - begun) / 1000)} s.`);
  }
  // Not part of what is installed, so it may change without installing again.
  copyFileSync(join(SOURCE, 'pds.mjs'), installed.script);
  return installed;
}

function runNpm(
  args: string[],
  { directory, environment }: { directory: string; environment: Record<string, string> },
): void {
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd: directory,
    env: { ...withoutOurs(), ...environment },
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  if (status === 0) return;
  const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').slice(-40).join('\n');
  throw new Error(`npm ${args.join(' ')} failed (${error?.message ?? status}):\n${said}`);
}

/** What npm and vitest set for us must not reach into the other folder; how to reach the registry must. */
const OURS =
  /^(npm_(package|lifecycle|command|execpath|node_execpath|config_local_prefix)|INIT_CWD$|NODE_(ENV|OPTIONS)$)/;

function withoutOurs(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
}
