import type { Client } from '@temporalio/client';
import type { Db } from '../../src/db/client.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { ALARM_CODES } from '../../src/domain/item/alarms.ts';
import { chainEvents, GENESIS_HASH } from '../../src/domain/item/event.ts';
import { itemRowOf } from '../../src/domain/item/row.ts';
import { startItem } from '../../src/domain/item/run.ts';
import { pinPlaybook } from '../../src/domain/playbook/pin.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { inLanes } from './lanes.ts';

export interface AuditGround {
  workspaceId: string;
  memberId: string;
  items: number;
  open: number;
  stuck: number;
}

const EVENTS = 5;
/** Where runs wait that nobody works for: they are there to be listed and looked at. */
export const IDLE_QUEUE = 'bench-audit-idle';
const STARTS_AT_ONCE = 32;

/**
 * Fills a workspace by SQL: open items, two years of closed ones, and stuck ones in equal parts over
 * every code that rows can make. Every item has a whole chain of five events.
 */
export async function fillForAudit(db: Db, ground: AuditGround): Promise<void> {
  const { $client } = db;
  const sql = (text: string, values: unknown[] = []) => $client.query(text, values);
  const { workspaceId, memberId, items, open } = ground;
  await insertItems(sql, ground);
  await sql('alter table item_events disable trigger user');
  const events = chainEvents(
    { seq: 0, hash: GENESIS_HASH },
    Array.from({ length: EVENTS }, () => ({ type: 'item.note' as never, data: { text: 'bench' } })),
    { at: new Date().toISOString(), actor: memberId },
  );
  for (const { seq, at, type, actor, data, prevHash, hash } of events) {
    await sql(
      `insert into item_events (item_id, seq, workspace_id, at, type, actor, data, prev_hash, hash)
       select 'itm_bench' || n, $1, $2, $3, $4, $5, $6, $7, $8 from generate_series(1, $9::integer) n`,
      [seq, workspaceId, at, type, actor, data, prevHash, hash, items],
    );
  }
  await sql(`update items set head_hash = $1, seq = $2 where workspace_id = $3`, [
    events.at(-1)?.hash,
    EVENTS,
    workspaceId,
  ]);
  await makeStuck(sql, ground);
  await sql('alter table item_events enable trigger user');
  await sql(
    `update items set closed_at = created_at, updated_at = created_at, stage = 'closed',
       waiting_on = '[]', next_alarm_at = null
     where workspace_id = $1 and substring(id, 10)::integer > $2`,
    [workspaceId, open],
  );
  await sql('vacuum analyze');
}

type Sql = (text: string, values?: unknown[]) => Promise<unknown>;

async function insertItems(sql: Sql, { workspaceId, memberId, items }: AuditGround) {
  const itemId = 'itm_template';
  const playbook = pinPlaybook(STANDARD_PLAYBOOK);
  const team = { strategist: memberId, creator: memberId, social_media_manager: memberId };
  const at = new Date().toISOString();
  const start = { itemId, workspaceId, playbook, team, campaign: null, brief: null, at };
  const row = itemRowOf(startItem(start).snapshot, 1);
  await sql(
    `insert into items (id, workspace_id, title, playbook_name, playbook_version, stage, substage,
       owner_role, assignee_id, waiting_on, head_hash, snapshot, stage_entered_at, created_by,
       created_at, updated_at, due_at, alarms, next_alarm_at)
     select 'itm_bench' || n, $1, 'item ' || n, $2, $3, $4, $5, $6, $7, $8, '',
       replace($9, 'itm_template', 'itm_bench' || n)::jsonb, $10, $7, t.at, t.at,
       now() + interval '3 days', '[]', null
     from generate_series(1, $11::integer) n
     cross join lateral (select now() - (n::float8 / $11) * interval '730 days' as at) t`,
    [
      workspaceId,
      playbook.name,
      playbook.version,
      row.stage,
      row.substage,
      row.ownerRole,
      memberId,
      JSON.stringify(row.waitingOn),
      JSON.stringify(row.snapshot),
      at,
      items,
    ],
  );
}

/** Each changes the items from one number to another so that its code is found. */
function makers({ workspaceId, memberId }: AuditGround): [code: string, statements: string[]][] {
  const of = `workspace_id = '${workspaceId}' and substring(id, 10)::integer between $1 and $2`;
  const ids = `(select id from items where ${of})`;
  const alarm = (code: string) =>
    `update items set next_alarm_at = now() - interval '1 hour', alarms = jsonb_build_array(
       jsonb_build_object('code', '${code}', 'at', now() - interval '1 hour', 'subject', id,
         'since', now() - interval '1 hour', 'evidence', '{}'::jsonb)) where ${of}`;
  const command = (change: string, values: string) =>
    `insert into commands (id, workspace_id, item_id, actor_id, source, type, payload, body_hash,
       created_at, expires_at${change}) select 'http:bench:' || id, '${workspaceId}', id,
       '${memberId}', 'http', 'hold', '{}', 'h', now() - interval '1 hour',
       now() + interval '1 day'${values} from items where ${of}`;
  const waits = (waiting: string) =>
    `update items set waiting_on = '[${waiting}]'::jsonb where ${of}`;
  return [
    ...ALARM_CODES.map((code): [string, string[]] => [code, [alarm(code)]]),
    ['unassigned', [waits('{"role": "creator", "for": "submit"}')]],
    ['owner_inactive', [waits('{"role": "creator", "memberId": "mbr_gone", "for": "submit"}')]],
    ['owner_absent', [waits('{"role": "creator", "memberId": "mbr_away", "for": "submit"}')]],
    [
      'stale_approval',
      [
        `update items set snapshot = jsonb_set(snapshot, '{context,approvals}',
           '[{"number": 1, "state": "open", "contentHash": "x", "asked": [], "decisions": []}]')
         where ${of}`,
      ],
    ],
    ['command_without_verdict', [command('', '')]],
    [
      'command_expired',
      [
        command(
          ', state, settled_at, unmet, refused_at_seq',
          `, 'expired', now() - interval '1 hour', '[]', 1`,
        ),
      ],
    ],
    [
      'row_diverged',
      [command(', divergence', `, jsonb_build_object('rowHash', head_hash, 'rowSeq', 5)`)],
    ],
    ['event_gap', [`delete from item_events where seq = 3 and item_id in ${ids}`]],
    [
      'chain_broken',
      [`update item_events set data = '{"text": "forged"}' where seq = 2 and item_id in ${ids}`],
    ],
  ];
}

async function makeStuck(sql: Sql, ground: AuditGround): Promise<void> {
  const { workspaceId, stuck } = ground;
  await sql(
    `insert into members (id, workspace_id, name, roles, active, absent_until) values
       ('mbr_gone', $1, 'Gone', '{creator}', false, null),
       ('mbr_away', $1, 'Away', '{creator}', true, now() + interval '9 days')`,
    [workspaceId],
  );
  await sql(
    `update channel_accounts set token_expires_at = now() + interval '1 day' where workspace_id = $1`,
    [workspaceId],
  );
  const all = makers(ground);
  const each = Math.floor(stuck / all.length);
  for (const [index, [, statements]] of all.entries()) {
    const range = [index * each + 1, (index + 1) * each];
    for (const statement of statements) await sql(statement, range);
  }
}

/** The runs of the open items, so that none of them is missing. */
export async function startIdleRuns(temporal: Client, { open }: AuditGround): Promise<void> {
  await inLanes(STARTS_AT_ONCE, open, async (index) => {
    await temporal.workflow.start('contentItem', {
      workflowId: itemWorkflowId(`itm_bench${index + 1}`),
      taskQueue: IDLE_QUEUE,
      args: [],
    });
  });
}
