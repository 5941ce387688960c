import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AssetStore, openAssetStore } from '../../src/assets/asset-store.ts';
import { type TidiedRows, tidyRows } from '../../src/db/tidy/tidy-rows.ts';
import { insertAsset, renewAsset } from '../../src/db/workspace/assets.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { KeepDays } from '../../src/retention/keep-days.ts';
import { type Tidied, tidy } from '../../src/retention/tidy.ts';
import {
  makeCommand,
  makeItem,
  makeWorkspace,
  type OpenTestDb,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';

const KEEP: KeepDays = {
  commands: 365,
  answers: 90,
  findings: 180,
  accounts: 30,
  files: 30,
  deliveries: 30,
  notices: 90,
};
const OLD = "now() - interval '400 days'";

let database: OpenTestDb;
let workspace: TestWorkspace;
let directory: string;
let assets: AssetStore;

beforeAll(async () => {
  database = await openTestDb(8);
  workspace = await makeWorkspace(database.db);
  directory = mkdtempSync(join(tmpdir(), 'baton tidy-'));
  assets = await openAssetStore({ directory, now: Date.now() });
});
afterAll(async () => {
  await database?.close();
  rmSync(directory, { recursive: true, force: true });
});

function run(isDryRun = false): Promise<Tidied> {
  const plan = { isDryRun, until: Date.now() + 60_000 };
  return tidy({ db: database.program, assets, keepDays: KEEP }, plan);
}

async function exec(text: string, ...values: unknown[]): Promise<number> {
  return (await database.pool.query(text, values)).rowCount ?? 0;
}

async function countOf(table: string, where = 'true'): Promise<number> {
  const { rows } = await database.pool.query(
    `select count(*)::int as count from ${table} where workspace_id = $1 and ${where}`,
    [workspace.workspaceId],
  );
  return rows[0].count;
}

/** A settled command of an item, both as old as said. */
async function makeSettled({
  isClosed,
  of = workspace,
}: {
  isClosed: boolean;
  of?: TestWorkspace;
}) {
  const { id: itemId } = await makeItem(database.db, of);
  const { id } = await makeCommand(database.db, of, itemId);
  await exec(
    `update commands set state = 'applied', answer = '{}', applied_seq = 1, settled_at = ${OLD} where id = $1`,
    id,
  );
  if (isClosed) await exec(`update items set closed_at = ${OLD} where id = $1`, itemId);
  return { itemId, id };
}

async function makeAnswer(route: string): Promise<string> {
  const key = randomUUID();
  await exec(
    `insert into idempotency_keys (workspace_id, api_key_id, key, route, body_hash, status, response, created_at)
     select workspace_id, id, $2, $3, 'x', 200, '', ${OLD} from api_keys where workspace_id = $1 limit 1`,
    workspace.workspaceId,
    key,
    route,
  );
  return key;
}

async function putFile(text: string): Promise<string> {
  async function* bytes() {
    yield Buffer.from(text);
  }
  const stored = await assets.putAsset(bytes(), { kind: 'written' });
  const { workspaceId } = workspace;
  const createdBy = workspace.memberOf('creator');
  await inWorkspace({ workspaceId }, () =>
    insertAsset(database.program, { workspaceId, createdBy, ...stored }),
  );
  const path = pathOf(stored.hash);
  utimesSync(path, 1, 1);
  await exec(`update assets set unused_since = ${OLD} where hash = $1`, stored.hash);
  return stored.hash;
}

const pathOf = (hash: string): string => join(directory, hash.slice(0, 2), hash);

describe('tidying', () => {
  it('removes what is over of closed items, and nothing that an open one is asked about', async () => {
    const closed = await makeSettled({ isClosed: true });
    const open = await makeSettled({ isClosed: false });
    const pending = await makeCommand(database.db, workspace, closed.itemId);
    const ofClosed = await makeAnswer(`POST /v1/items/${closed.itemId}/comments`);
    const ofOpen = await makeAnswer(`POST /v1/items/${open.itemId}/comments`);
    const events = await countOf('item_events');

    expect(await run(true)).toMatchObject({ commands: 1, answers: 1 });
    expect(await countOf('commands')).toBe(3);
    expect(await run()).toMatchObject({ commands: 1, answers: 1 });

    expect(await countOf('commands', `id = '${closed.id}'`)).toBe(0);
    expect(await countOf('commands', `id in ('${open.id}', '${pending.id}')`)).toBe(2);
    expect(await countOf('idempotency_keys', `key = '${ofClosed}'`)).toBe(0);
    expect(await countOf('idempotency_keys', `key = '${ofOpen}'`)).toBe(1);
    expect(await countOf('item_events')).toBe(events);
    expect(await run()).toEqual({});
  });

  it('keeps a command that contradicts its run, and what is not old enough', async () => {
    const { id } = await makeSettled({ isClosed: true });
    await exec(
      `update commands set state = 'refused', unmet = '[]', refused_at_seq = 1 where id = $1`,
      id,
    );
    const young = await makeSettled({ isClosed: true });
    await exec(`update commands set settled_at = now() where id = $1`, young.id);
    expect(await run()).toEqual({});
    expect(await countOf('commands', `id in ('${id}', '${young.id}')`)).toBe(2);
  });

  it('takes along the text that an expired command of a closed item left', async () => {
    const { itemId, id } = await makeSettled({ isClosed: true });
    await exec(
      `update commands set type = 'save_draft', state = 'expired', answer = null, unmet = '[]',
         applied_seq = null, refused_at_seq = 1 where id = $1`,
      id,
    );
    await exec(
      `insert into command_texts (command_id, workspace_id, item_id, kind, version, hash, body, author_id)
       values ($1, $2, $3, 'draft', 1, 'x', '{}', $4)`,
      id,
      workspace.workspaceId,
      itemId,
      workspace.memberOf('creator'),
    );
    expect(await run()).toEqual({ commands: 1 });
    expect(await countOf('command_texts')).toBe(0);
  });

  it('goes on with the next workspace after one that fails, and tells of it', async () => {
    const two = await Promise.all([makeWorkspace(database.db), makeWorkspace(database.db)]);
    for (const of of two) await makeSettled({ isClosed: true, of });
    const [failing = ''] = two.map(({ workspaceId }) => workspaceId).sort();
    await exec(
      `create function refuse() returns trigger language plpgsql as $$ begin
         if old.workspace_id = '${failing}' then raise exception 'not this one'; end if;
         return old; end $$`,
    );
    await exec(
      'create trigger refuse before delete on commands for each row execute function refuse()',
    );
    const failed: string[] = [];
    const deps = { db: database.program, assets, keepDays: KEEP };
    const onFailure = (workspaceId: string) => failed.push(workspaceId);
    const plan = { isDryRun: false, until: Date.now() + 60_000 };
    expect(await tidy({ ...deps, onFailure }, plan)).toEqual({ commands: 1 });
    expect(failed).toEqual([failing]);
    await exec('drop function refuse cascade');
    expect(await run()).toEqual({ commands: 1 });
  });

  it('takes the evidence of a closed finding, never that of an open one', async () => {
    await exec(
      `insert into findings (workspace_id, id, code, severity, rank, since, waiting_on, evidence,
         opened_at, last_seen_at, closed_at, closed_because)
       select $1, 'fnd_' || n, 'overdue', 'warning', 1, now(), '[]', '{"a": 1}', ${OLD}, ${OLD},
         case n when 2 then ${OLD} end, case n when 2 then 'gone' end
       from generate_series(1, 2) n`,
      workspace.workspaceId,
    );
    expect(await run()).toEqual({ finding_evidence: 1 });
    expect(await countOf('findings', `evidence <> '{}'`)).toBe(1);
    expect(await countOf('findings')).toBe(2);
  });

  it('removes what became of the rows of an import that is over, and keeps the import', async () => {
    await exec(
      `insert into reading_imports (id, workspace_id, mapping, created_by, state, ended_at)
       select 'imp_' || n, $1, 'x', $2, case n when 3 then 'running' else 'done' end,
         case n when 1 then ${OLD} when 2 then now() end
       from generate_series(1, 3) n`,
      workspace.workspaceId,
      workspace.memberOf('strategist'),
    );
    await exec(
      `insert into reading_import_blocks (import_id, workspace_id, last_line, rows)
       select 'imp_' || n, $1, 2, '[]' from generate_series(1, 3) n`,
      workspace.workspaceId,
    );
    expect(await run()).toEqual({ import_rows: 1 });
    expect(await countOf('reading_imports')).toBe(3);
    expect(await countOf('reading_import_blocks', `import_id = 'imp_1'`)).toBe(0);
  });

  it('takes the notes of readings once their cells are renewed', async () => {
    const { id: itemId } = await makeItem(database.db, workspace);
    await exec(
      `insert into readings (id, workspace_id, item_id, measure, value, as_of, source, provisional)
       select 'rdg_tidy_' || n, $1, $2, 'impressions', n, now(), 'sandbox', false
       from generate_series(1, 3) n`,
      workspace.workspaceId,
      itemId,
    );
    const ofItem = `item_id = '${itemId}'`;
    expect(await countOf('reading_additions', ofItem)).toBe(1);
    expect(await run(true)).toEqual({ reading_notes: 1 });
    expect(await run()).toEqual({ reading_notes: 1 });
    expect(await countOf('reading_additions', ofItem)).toBe(0);
    expect(await countOf('reading_cells', ofItem)).toBe(1);
    expect(await countOf('readings', ofItem)).toBe(3);
    expect(await run()).toEqual({});
  });

  it('removes deliveries that are over, then what they told, and none that goes on', async () => {
    const { workspaceId } = workspace;
    await exec(
      `insert into webhook_subscriptions (id, workspace_id, url, types, secrets)
       values ('sub_test', $1, 'https://receiver.example', '{*}', '[]')`,
      workspaceId,
    );
    await exec(
      `insert into outbound_events (id, workspace_id, stream, type, body, created_at)
       select 'evt_' || n, $1, 's', 'item.started', '{}', ${OLD} from generate_series(1, 3) n`,
      workspaceId,
    );
    await exec(
      `insert into webhook_deliveries (id, workspace_id, subscription_id, event_id, type, stream,
         position, state, next_attempt_at, delivered_at, exhausted_at, created_at)
       select 'dlv_' || state, $1, 'sub_test', 'evt_' || n, 'item.started', 's', n, state,
         case n when 3 then now() end, case n when 1 then ${OLD} end, case n when 2 then ${OLD} end,
         ${OLD}
       from (values (1, 'delivered'), (2, 'exhausted'), (3, 'failed')) v (n, state)`,
      workspaceId,
    );
    expect(await run()).toEqual({ deliveries: 2, told_events: 2 });
    expect(await countOf('webhook_deliveries')).toBe(1);
    expect(await countOf('outbound_events')).toBe(1);
  });

  it('removes old notices with their sends, none to be sent, none of an open item', async () => {
    const { workspaceId } = workspace;
    const open = await makeItem(database.db, workspace);
    const closed = await makeItem(database.db, workspace);
    await exec(`update items set closed_at = ${OLD} where id = $1`, closed.id);
    await exec(
      `insert into notices (id, workspace_id, member_id, item_id, kind, cause, text_key, about, in_app,
         at, read_at)
       select 'ntc_' || name, $1, $2, item, 'asked', name, 'asked.other', '{}', true,
         case name when 'young' then now() else ${OLD} end, case name when 'read' then now() end
       from (values ('read', null), ('unread', null), ('closed', $3), ('open', $4), ('waits', null),
         ('young', null)) v (name, item)`,
      workspaceId,
      workspace.memberOf('creator'),
      closed.id,
      open.id,
    );
    await exec(
      `insert into notice_sends (id, workspace_id, notice_id, member_id, channel, batch, state, due_at)
       select 'nts_' || id, workspace_id, id, member_id, 'email', id,
         case id when 'ntc_waits' then 'pending' else 'sent' end, now() from notices
       where workspace_id = $1`,
      workspaceId,
    );
    expect(await run(true)).toEqual({ notices: 3 });
    expect(await run()).toEqual({ notices: 3 });
    expect(await countOf('notices', `id in ('ntc_open', 'ntc_waits', 'ntc_young')`)).toBe(3);
    expect(await countOf('notices')).toBe(3);
    expect(await countOf('notice_sends')).toBe(3);
  });

  it('removes a file with its record, unless somebody has it, uploads it or uses it', async () => {
    const unused = await putFile('nobody needs this');
    const used = await putFile('a draft needs this');
    const { id: itemId } = await makeItem(database.db, workspace);
    await exec(
      `insert into drafts (item_id, version, workspace_id, hash, body, author_id)
       values ($1, 1, $2, $3, $4, $5)`,
      itemId,
      workspace.workspaceId,
      'd'.repeat(64),
      JSON.stringify({ assets: [{ hash: used }] }),
      workspace.memberOf('creator'),
    );
    const again = await putFile('this is uploaded again');
    const { workspaceId } = workspace;
    await inWorkspace({ workspaceId }, () =>
      renewAsset(database.program, { workspaceId, hash: again }),
    );
    const shared = await putFile('another workspace has this');
    const other = await makeWorkspace(database.db);
    const ofOther = { workspaceId: other.workspaceId, createdBy: other.memberOf('creator') };
    const file = { hash: shared, kind: 'written' as const, mediaType: 'text/plain', size: 1 };
    await insertAsset(database.db, { ...ofOther, ...file });

    expect(await run(true)).toEqual({ asset_records: 2 });
    expect(await run()).toEqual({ asset_records: 2, files: 1 });
    expect(existsSync(pathOf(unused))).toBe(false);
    for (const hash of [used, again, shared]) expect(existsSync(pathOf(hash)), hash).toBe(true);
    expect(await countOf('assets', `hash in ('${used}', '${again}')`)).toBe(2);
  });

  it('leaves a file alone whose record may be on its way', async () => {
    async function* bytes() {
      yield Buffer.from('just written');
    }
    const { hash } = await assets.putAsset(bytes(), { kind: 'written' });
    expect(await run()).toEqual({});
    expect(existsSync(pathOf(hash))).toBe(true);
  });

  it('is shared by two at once, each row once', async () => {
    const { itemId } = await makeSettled({ isClosed: true });
    for (let count = 0; count < 20; count += 1) {
      const { id } = await makeCommand(database.db, workspace, itemId);
      await exec(
        `update commands set state = 'applied', answer = '{}', applied_seq = 1, settled_at = ${OLD} where id = $1`,
        id,
      );
    }
    const runs = await Promise.all([run(), run(), run()]);
    const sum = runs.reduce((total, { commands = 0 }) => total + commands, 0);
    expect(sum).toBe(21);
  });

  it('ends where its time is over, and never sees another workspace', async () => {
    const { id } = await makeSettled({ isClosed: true });
    const late = { isDryRun: false, until: Date.now() - 1 };
    await tidy({ db: database.program, assets, keepDays: KEEP }, late);
    expect(await countOf('commands', `id = '${id}'`)).toBe(1);
    const other = await makeWorkspace(database.db);
    const { workspaceId } = workspace;
    const question = { workspaceId, what: 'commands' as TidiedRows, days: 365, limit: 10 };
    const gone = await inWorkspace({ workspaceId: other.workspaceId }, () =>
      tidyRows(database.program, question),
    );
    expect(gone).toBe(0);
    expect(await run()).toEqual({ commands: 1 });
  });
});
