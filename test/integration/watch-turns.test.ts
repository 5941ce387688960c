import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createWatch } from '../../src/audit/watch/watch.ts';
import { createDb, type Database } from '../../src/db/client.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { createTestNamespace } from '../support/test-namespace.ts';

let database: OpenTestDb;
/** Of a program whose statements may wait for longer than this test takes. */
let patient: Database;
let connection: Connection;
let temporal: Client;

beforeAll(async () => {
  database = await openTestDb(8);
  patient = createDb(database.programUrl, { scopedOnly: true, statementTimeoutMs: 120_000 });
  connection = await Connection.connect({
    address: inject('temporalAddress'),
    interceptors: CLIENT_INTERCEPTORS,
    channelArgs: CLIENT_CHANNEL_ARGS,
  });
  temporal = new Client({ connection, namespace: await createTestNamespace(connection) });
});
afterAll(async () => {
  await connection?.close();
  await patient?.close();
  await database?.close();
});

const openWatch = () =>
  createWatch({ db: patient.db, temporal, taskQueue: `test-${randomUUID()}` });

async function sql(text: string, values: unknown[]) {
  return (await database.pool.query(text, values)).rows;
}

/** New workspaces in the order of their ids, last looked at so many hours ago. */
async function lookedAt(hoursAgo: readonly (number | null)[]): Promise<string[]> {
  const made = [];
  for (const _ of hoursAgo) made.push(await makeWorkspace(database.db));
  const ids = made.map(({ workspaceId }) => workspaceId).sort();
  await sql(
    `insert into watches (workspace_id, looked_at, could_not_ask, pressing)
     select id, now() - hours * interval '1 hour', '[]', '{}'
     from unnest($1::text[], $2::integer[]) as look (id, hours) where hours is not null`,
    [ids, hoursAgo],
  );
  return ids;
}

/** Those of the workspaces that were looked at in the last half hour, in that order. */
async function lookedAtNow(ids: readonly string[]): Promise<string[]> {
  const rows = await sql(
    `select workspace_id from watches
     where workspace_id = any ($1) and looked_at > now() - interval '30 minutes'
     order by looked_at`,
    [ids],
  );
  return rows.map(({ workspace_id }) => workspace_id);
}

it('the watch begins with the workspace that was not looked at for longest', async () => {
  const watch = openWatch();
  const ids = await lookedAt([1, 2, null]);
  for (const shard of await watch.listShards()) await watch.lookAtShard(shard);
  expect(await lookedAtNow(ids)).toEqual(ids.toReversed());
});

it('a workspace whose look never ends keeps no other from its turn', async () => {
  const watch = openWatch();
  const [stalled = '', ...others] = await lookedAt([30, 20, 10]);
  const [shard] = await watch.listShards();
  if (shard === undefined) throw new Error('the workspaces are in no shard');
  const rounds = await whileLookIsHeld(stalled, async (someWait) => {
    const first = watch.lookAtShard(shard);
    await eventually(someWait);
    expect(await lookedAtNow(others)).toEqual([]);
    // The next round, after the engine gave the first one up.
    const second = watch.lookAtShard(shard);
    await eventually(async () => (await lookedAtNow(others)).length === 2, { withinMs: 20_000 });
    return [first, second];
  });
  await Promise.all(rounds);
  expect(await lookedAtNow([stalled])).toEqual([stalled]);
});

/** No look at the workspace can be stored meanwhile; `someWait` says whether one tries. */
async function whileLookIsHeld<T>(
  workspaceId: string,
  work: (someWait: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const holder = await database.pool.connect();
  try {
    await holder.query('begin');
    await holder.query('set local idle_in_transaction_session_timeout = 0');
    await holder.query('select from watches where workspace_id = $1 for update', [workspaceId]);
    const { rows } = await holder.query('select pg_backend_pid() as pid');
    const waiting = 'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))';
    return await work(async () => (await sql(waiting, [rows[0].pid])).length > 0);
  } finally {
    await holder.query('rollback');
    holder.release();
  }
}
