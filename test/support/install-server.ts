import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(import.meta.dirname, '..', '..', '.baton');
const FILES = ['.npmrc', 'package.json', 'package-lock.json'] as const;
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/**
 * Installs a server that tests talk to, with dependencies of its own, outside the checkout's, once per
 * lockfile.
 * @param source folder of its package files.
 * @param cache name of its folder below `.baton`.
 * @param build what is left to do in the folder of the install.
 * @returns that folder.
 */
export function installServer({
  source,
  cache,
  build = () => {},
}: {
  source: string;
  cache: string;
  build?: (directory: string) => void;
}): string {
  const lockfile = readFileSync(join(source, 'package-lock.json'));
  const version = createHash('sha256').update(lockfile).digest('hex').slice(0, 16);
  const directory = join(CACHE, cache, version);
  const done = join(directory, 'installed');
  if (existsSync(done)) return directory;
  const begun = performance.now();
  console.log(`Installing a server into ${directory} (once) …`);
  // Whatever an interrupted install left.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const file of FILES) copyFileSync(join(source, file), join(directory, file));
  runNpm(['ci', '--ignore-scripts'], { directory, environment: {} });
  build(directory);
  writeFileSync(done, '');
  console.log(`Installed in ${Math.round((performance.now() - begun) / 1000)} s.`);
  return directory;
}

export function runNpm(
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
