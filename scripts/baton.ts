/** `npm run baton -- …`: the command line. Wiring only. */
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { UsageError } from '../src/cli/cli-deps.ts';
import { runBaton } from '../src/cli/main.ts';
import { readDatabaseConfig } from '../src/config.ts';
import { diagramOf } from '../src/domain/visibility/diagram.ts';
import { createEngineSetup } from './baton/engine-setup.ts';
import { evidenceVerifier } from './baton/evidence-verifier.ts';
import { findLocalDatabase } from './baton/local-database.ts';
import { createReleases } from './baton/releases.ts';
import { codecServer } from './baton/serve-codec.ts';
import { createTidier } from './baton/tidier.ts';
import { createWorkspaceMaker } from './baton/workspace-maker.ts';

process.exitCode = await runBaton(process.argv.slice(2), {
  environment: process.env,
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
  readInput: () => text(process.stdin),
  workspaces: createWorkspaceMaker(databaseUrl),
  codecServer,
  releases: createReleases(),
  engine: createEngineSetup(process.env),
  tidier: createTidier(process.env),
  evidence: evidenceVerifier,
  diagramOf,
});

/** The database that the environment names, else the one of the local stack if it runs. */
function databaseUrl(): string {
  if (process.env['DATABASE_URL'] || process.env['DATABASE_URL_FILE']) {
    return readDatabaseConfig().databaseUrl;
  }
  const local = findLocalDatabase(resolve('.baton'));
  if (local !== null) return local;
  throw new UsageError(
    'which database? Start the local stack (npm start, or npx baton), or set DATABASE_URL',
  );
}
