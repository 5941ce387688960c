import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDb, type Db } from '../../src/db/client.ts';
import { joinQueues, listDueQueues } from '../../src/db/item/command-queues.ts';
import { listAbandonedCommands } from '../../src/db/item/commands.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { authenticateApiKey } from '../../src/db/workspace/api-keys.ts';
import { listMembers } from '../../src/db/workspace/members.ts';
import { listWorkspaces } from '../../src/db/workspace/workspaces.ts';
import { acrossWorkspaces, byCredential, inWorkspace } from '../../src/db/workspace-scope.ts';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';
import type { FilledWorkspace } from '../support/filled-workspace.ts';
import { isNothing, type Read } from '../support/reads.ts';
import { fillWholeWorkspace } from '../support/whole-workspace.ts';

let database: OpenTestDb;
let filled: FilledWorkspace;

beforeAll(async () => {
  database = await openTestDb();
  filled = await fillWholeWorkspace(database.db);
});
afterAll(() => database?.close());

/** What a query function finds of the own workspace while another one is set; a failure finds nothing. */
async function underForeign(read: Read): Promise<unknown> {
  const { own, foreign } = filled;
  return inWorkspace({ workspaceId: foreign }, () => read(own)).catch(() => null);
}

/** `"table"."workspace_id" = $1` and its spellings by hand. Its parameter stays, and says nothing. */
const CONDITION = /((?:"?\w+"?\.)?"?workspace_id"?|"workspaces"\."id")\s*=\s*(\$\d+)/g;

/** The queries of a program whose author forgot every condition on the workspace. */
async function withoutConditions<T>(work: (db: Db, count: () => number) => Promise<T>): Promise<T> {
  const { db, close } = createDb(database.programUrl, { max: 4, scopedOnly: true });
  let removed = 0;
  const { prototype } = pg.Client;
  const real = prototype.query;
  prototype.query = function forgetful(this: pg.Client, query: unknown, ...rest: never[]) {
    if (typeof query !== 'object' || query === null || !('text' in query)) {
      return Reflect.apply(real, this, [query, ...rest]);
    }
    const text = String(query.text).replaceAll(CONDITION, (_, _column, parameter) => {
      removed += 1;
      return `${parameter}::text is not null`;
    });
    const { name: _, ...unnamed } = query as { name?: string };
    return Reflect.apply(real, this, [{ ...unnamed, text }, ...rest]);
  } as typeof real;
  try {
    return await work(db, () => removed);
  } finally {
    prototype.query = real;
    await close();
  }
}

describe('row security', () => {
  it('holds every table that names a workspace, its owner too', async () => {
    const { rows } = await database.pool.query(`
      select c.relname as table, c.relrowsecurity and c.relforcerowsecurity as forced,
             exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'of_workspace'
                       and p.polcmd = '*' and p.polpermissive) as closed
      from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and (c.relname = 'workspaces' or exists (
          select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id'))`);
    expect(rows.length).toBeGreaterThan(25);
    // A migration that adds a table ends with `select close_workspaces();`.
    expect(rows.filter(({ forced, closed }) => !forced || !closed)).toEqual([]);
  });

  it('has no other way around it than those that are written down', async () => {
    const { rows } = await database.pool.query(`
      select polrelid::regclass::text || ' ' || polname || ' ' || polcmd::text as policy
      from pg_policy where polname <> 'of_workspace' order by 1`);
    expect(rows.map(({ policy }) => policy)).toEqual([
      'api_keys shown r',
      'approval_links shown r',
      'assets held r',
      'calendar_feeds shown r',
      'campaign_runs unattended r',
      'command_queues unsettled r',
      'commands counted r',
      'commands unsettled r',
      'delivery_turns undelivered r',
      'findings counted r',
      'items counted r',
      'items located r',
      'notice_sends unsent r',
      'outbox counted r',
      'outbox waiting r',
      'outgoing_links shown r',
      'watches counted r',
      'webhook_deliveries counted r',
      'webhook_deliveries undelivered r',
      'webhook_endpoints shown r',
      'webhook_subscriptions undelivered r',
      'workspaces counted r',
      'workspaces listed r',
    ]);
  });

  it('gives the programs nothing of their own, and no way to change what is written once', async () => {
    const { rows: owned } = await database.pool.query(
      `select relname from pg_class where relowner = 'baton_program'::regrole
       union all select rolname from pg_roles
         where rolname in ('baton_program', 'baton_test') and (rolsuper or rolbypassrls or rolcreaterole)`,
    );
    expect(owned).toEqual([]);
    const { rows: logs } = await database.pool.query(`
      select c.relname as table,
             has_table_privilege('baton_program', c.oid, 'update') as may_update,
             has_table_privilege('baton_program', c.oid, 'delete') as may_delete,
             has_table_privilege('baton_program', c.oid, 'truncate') as may_truncate
      from pg_class c join pg_trigger t on t.tgrelid = c.oid and t.tgname = c.relname || '_append_only'`);
    expect(logs.length).toBeGreaterThanOrEqual(8);
    for (const { table, ...rights } of logs) {
      const none = { may_update: false, may_delete: false, may_truncate: false };
      expect(rights, table).toEqual(none);
    }
  });

  it('lets every query function read its own workspace', async () => {
    const { own } = filled;
    for (const [name, read] of Object.entries(filled.reads(database.program))) {
      const mine = await inWorkspace({ workspaceId: own }, () => read(own));
      expect(isNothing(mine), name).toBe(false);
    }
  });

  it('shows no query function anything while another workspace is set', async () => {
    for (const [name, read] of Object.entries(filled.reads(database.program))) {
      expect(isNothing(await underForeign(read)), name).toBe(true);
    }
    for (const [name, write] of Object.entries(filled.writes(database.program))) {
      expect(isNothing(await underForeign(write)), name).toBe(true);
    }
  });

  it('holds when a query forgets its condition on the workspace', async () => {
    const { own, foreign } = filled;
    const nothing = await withoutConditions(async (db, count) => {
      for (const [name, read] of Object.entries(filled.reads(db))) {
        const before = count();
        const found = await inWorkspace({ workspaceId: foreign }, () => read(own)).catch(
          () => null,
        );
        expect(count(), `${name} lost its condition`).toBeGreaterThan(before);
        // Of the foreign workspace it may be: a query without a condition finds what is there.
        expect(JSON.stringify(found ?? null), name).not.toContain(own);
      }
      return count();
    });
    expect(nothing).toBeGreaterThan(30);
    // The control: what forgot its condition finds the row as soon as no wall stands behind it.
    await withoutConditions(async () => {
      const { db } = database;
      const found = await filled.reads(db)['getItem']?.(foreign);
      expect(JSON.stringify(found)).toContain(own);
    });
  });

  it('refuses a row of another workspace, whoever writes it', async () => {
    const { own, foreign } = filled;
    const insert = inWorkspace({ workspaceId: foreign }, () =>
      database.program.$client.query(
        `insert into renames (subject_id, workspace_id) values ('x', $1)`,
        [own],
      ),
    );
    await expect(insert).rejects.toMatchObject({ code: '42501' });
    const moved = inWorkspace({ workspaceId: own }, () =>
      database.program.$client.query('update members set workspace_id = $1', [foreign]),
    );
    await expect(moved).rejects.toMatchObject({ code: '42501' });
  });

  it('lets one transaction see one workspace, and the next one nothing of it', async () => {
    const single = createDb(database.programUrl, { max: 1 });
    const all = () => single.pool.query('select id from members');
    try {
      const { own, foreign } = filled;
      const mine = await inWorkspace({ workspaceId: own }, all);
      expect(mine.rows.length).toBeGreaterThan(0);
      expect((await all()).rows).toEqual([]);
      const failing = inWorkspace({ workspaceId: own }, () => single.pool.query('select 1 / 0'));
      await expect(failing).rejects.toMatchObject({ code: '22012' });
      expect((await all()).rows).toEqual([]);
      const inside = inWorkspace({ workspaceId: own }, () =>
        inTransaction(single.db, async (tx) => {
          const { rows } = await tx.$client.query('select distinct workspace_id from members');
          return rows;
        }),
      );
      expect(await inside).toEqual([{ workspace_id: own }]);
      const other = await inWorkspace({ workspaceId: foreign }, () =>
        single.pool.query('select distinct workspace_id from members'),
      );
      expect(other.rows).toEqual([{ workspace_id: foreign }]);
    } finally {
      await single.close();
    }
  });

  it('keeps workspaces apart that are asked at the same moment over the same connections', async () => {
    const { own, foreign } = filled;
    const asked = Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? own : foreign));
    const answers = await Promise.all(
      asked.map((workspaceId) =>
        inWorkspace({ workspaceId }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          const { rows } = await database.program.$client.query(
            'select distinct workspace_id from members',
          );
          return rows;
        }),
      ),
    );
    expect(answers).toEqual(asked.map((workspace_id) => [{ workspace_id }]));
  });
});

describe('what crosses workspaces', () => {
  it('is refused to whoever states no scope', async () => {
    const members = listMembers(database.program, { workspaceId: filled.own });
    await expect(members).rejects.toMatchObject({
      cause: { message: expect.stringContaining('outside a workspace') },
    });
    await expect(inTransaction(database.program, async () => 'in')).rejects.toThrow(
      'outside a workspace',
    );
  });

  it('is a credential, which shows its own row and then its own workspace', async () => {
    const { workspaceId, members } = await makeWorkspace(database.db);
    const [first] = members;
    const found = await authenticateApiKey(database.program, first?.key ?? '');
    expect(found).toMatchObject({ workspaceId, member: { id: first?.memberId } });
    const unknown = `bk_${'0'.repeat(26)}.${'x'.repeat(43)}`;
    expect(await authenticateApiKey(database.program, unknown)).toBeNull();
    const { rows } = await byCredential({ of: 'api_keys', id: found?.apiKeyId ?? '' }, () =>
      database.program.$client.query('select distinct workspace_id from api_keys'),
    );
    expect(rows).toEqual([{ workspace_id: workspaceId }]);
    const hostile = `x'); set local row_security = off; select ('`;
    const none = await byCredential({ of: 'webhook_endpoints', id: hostile }, () =>
      database.program.$client.query('select id from webhook_endpoints'),
    );
    expect(none.rows).toEqual([]);
  });

  it('is the drainer’s work and the list of workspaces, each by its own name', async () => {
    const abandoned = await listAbandonedCommands(database.program, { limit: 10 });
    expect(abandoned.length).toBeGreaterThan(0);
    const [{ workspaceId, id } = { workspaceId: '', id: '' }] = abandoned;
    await inWorkspace({ workspaceId }, () =>
      joinQueues(database.program, { workspaceId, commandIds: [id] }),
    );
    const wanted = { lively: 10, silent: 10, perWorkspace: 10 };
    const queues = await listDueQueues(database.program, wanted);
    expect(queues.map((queue) => queue.workspaceId)).toContain(workspaceId);
    expect((await listWorkspaces(database.program)).length).toBeGreaterThan(1);
    for (const purpose of [
      'workspaces',
      'unsettled_commands',
      'item_locations',
      'no_workspace',
    ] as const) {
      const { rows } = await acrossWorkspaces(purpose, () =>
        database.program.$client.query('select id from members'),
      );
      expect(rows, purpose).toEqual([]);
      const settled = await acrossWorkspaces(purpose, () =>
        database.program.$client.query(`select id from commands where state <> 'pending'`),
      );
      expect(settled.rows, purpose).toEqual([]);
    }
  });
});
