import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { installServer, runNpm } from '../support/install-server.ts';

/** A server that is ready to be started. */
export interface InstalledServer {
  /** The Node that its native addon is built for. */
  node: string;
  script: string;
}

const SOURCE = join(import.meta.dirname, 'server');

export function installPds(): InstalledServer {
  return installAtproto({ source: SOURCE, cache: 'test-bluesky', script: 'pds.mjs' });
}

/** Its SQLite addon is built from source for the Node 22 that is installed beside it: it does not build for ours. */
export function installAtproto({
  source,
  cache,
  script,
}: {
  source: string;
  cache: string;
  script: string;
}): InstalledServer {
  const directory = installServer({ source, cache, build });
  const installed = {
    node: join(homeOf(directory), 'bin', 'node'),
    script: join(directory, script),
  };
  // Not part of what is installed, so it may change without installing again.
  copyFileSync(join(source, script), installed.script);
  return installed;
}

function build(directory: string): void {
  const home = homeOf(directory);
  if (!existsSync(join(home, 'bin', 'node'))) {
    throw new Error(`No Node 22 package is known for ${process.platform} ${process.arch}`);
  }
  const path = `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`;
  const environment = { PATH: path, npm_config_nodedir: home, npm_config_build_from_source: '1' };
  runNpm(['rebuild', 'better-sqlite3'], { directory, environment });
}

function homeOf(directory: string): string {
  return join(directory, 'node_modules', `node-${process.platform}-${process.arch}`);
}
