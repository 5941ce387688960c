import { openAssetStore } from '../../src/assets/asset-store.ts';
import type { Tidier } from '../../src/cli/cli-deps.ts';
import type { Environment } from '../../src/config/environment.ts';
import { readTidyConfig } from '../../src/config/keep-days.ts';
import { createDb } from '../../src/db/client.ts';
import { describeDatabaseError } from '../../src/db/errors.ts';
import { tidy } from '../../src/retention/tidy.ts';

/** By hand it may take longer than by schedule: somebody waits for it, and can stop it. */
const WITHIN_MS = 24 * 3_600_000;

export function createTidier(environment: Environment): Tidier {
  return {
    async tidy({ isDryRun }) {
      const { databaseUrl, assetsDir: directory, keepDays } = readTidyConfig(environment);
      const { db, close } = createDb(databaseUrl, { max: 1, applicationName: 'baton tidy' });
      try {
        const now = Date.now();
        const assets = await openAssetStore({ directory, now });
        const plan = { isDryRun, until: now + WITHIN_MS };
        return await tidy({ db, assets, keepDays, onFailure }, plan);
      } finally {
        await close();
      }
    },
  };
}

function onFailure(workspaceId: string, error: unknown): void {
  process.stderr.write(`${workspaceId} could not be tidied: ${describeDatabaseError(error)}\n`);
  process.exitCode = 1;
}
