/** `npm run bench:walls`: what row security costs a query, beside the same query of the tables' owner. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb, type Db } from '../src/db/client.ts';
import { readCommandContext } from '../src/db/item/command-context.ts';
import { getItem, listInbox, listItems } from '../src/db/item/items.ts';
import { migrate } from '../src/db/migrate.ts';
import { inWorkspace } from '../src/db/workspace-scope.ts';
import { quantileOf } from './bench/statistics.ts';
import { fillWorkspaces, type Ground } from './bench/walls-ground.ts';
import { startPostgres } from './local/postgres.ts';
import { removePostgresDirectory } from './local/postgres-files.ts';
import { makeProgramLogin } from './local/program-login.ts';

const ROUNDS = 20;
const CALLS = 100;

type Ask = (db: Db) => Promise<unknown>;

const directory = mkdtempSync(join(tmpdir(), 'baton-walls-'));
const postgresDirectory = join(directory, 'postgres');
const postgres = await startPostgres({ directory: postgresDirectory });
try {
  await migrate(postgres.url);
  const owner = createDb(postgres.url, { max: 1 });
  const program = createDb(await makeProgramLogin(postgres.url), { max: 1, scopedOnly: true });
  const ground = await fillWorkspaces(owner.db);
  console.log(`${ROUNDS} rounds of ${CALLS} calls each, in turn; milliseconds per call`);
  console.log('query'.padEnd(22), ' owner p50', ' program p50', '  cost');
  for (const [name, ask] of Object.entries(questionsOf(ground))) {
    const free: number[] = [];
    const held: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      free.push(...(await timesOf(() => ask(owner.db))));
      held.push(...(await timesOf(() => inWorkspace(ground, () => ask(program.db)))));
    }
    const [before, after] = [quantileOf(free, 0.5), quantileOf(held, 0.5)];
    const cells = [before.toFixed(3).padStart(10), after.toFixed(3).padStart(12)];
    console.log(name.padEnd(22), ...cells, `+${(after - before).toFixed(3)}`.padStart(7));
  }
  await owner.close();
  await program.close();
} finally {
  await postgres.stop();
  removePostgresDirectory(postgresDirectory);
  rmSync(directory, { recursive: true, force: true });
}

function questionsOf({ workspaceId, memberId, itemId }: Ground): Record<string, Ask> {
  return {
    'one item': (db) => getItem(db, { workspaceId, itemId }),
    'context of a command': (db) =>
      readCommandContext(db, { workspaceId, itemId, memberId, commandId: 'none' }),
    'a page of items': (db) => listItems(db, { workspaceId, limit: 50 }),
    'an inbox': (db) => listInbox(db, { workspaceId, memberId, roles: ['creator'] }),
  };
}

async function timesOf(ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const begun = performance.now();
    await ask();
    times.push(performance.now() - begun);
  }
  return times;
}
