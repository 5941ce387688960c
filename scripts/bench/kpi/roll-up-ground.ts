import type { Db } from '../../../src/db/client.ts';
import { itemRowOf } from '../../../src/domain/item/row.ts';
import { startItem } from '../../../src/domain/item/run.ts';
import { pinPlaybook } from '../../../src/domain/playbook/pin.ts';
import { STANDARD_PLAYBOOK } from '../../../src/domain/playbook/standard.ts';

export interface RollUpGround {
  workspaceId: string;
  memberId: string;
  items: number;
}

export const CAMPAIGN = 'cmp_bench';
const ACCOUNTS = 4;
const CHECKPOINTS = ['+1h', '+24h', '+72h', '+7d', '+28d', '+90d'];
const MEASURES = [
  'impressions',
  'reach',
  'reactions',
  'comments',
  'shares',
  'saves',
  'link_clicks',
  'downloads',
  'sessions',
  'pageviews',
];

export const READINGS_PER_ITEM = ACCOUNTS * CHECKPOINTS.length * MEASURES.length;

/** A campaign whose items have a post on each of four accounts, read in ten measures at six ages. */
export async function fillForRollUp(db: Db, ground: RollUpGround): Promise<void> {
  const { workspaceId, memberId, items } = ground;
  const sql = (text: string, values: unknown[] = []) => db.$client.query(text, values);
  await sql(
    `insert into campaigns (id, workspace_id, name, goal, created_by, released_at)
     values ($1, $2, 'Bench', 'engage', $3, now())`,
    [CAMPAIGN, workspaceId, memberId],
  );
  await sql(
    `insert into channel_accounts (id, workspace_id, channel, name, zone)
     select 'cha_bench' || n, $1, 'sandbox', 'account ' || n, 'UTC' from generate_series(1, $2::integer) n`,
    [workspaceId, ACCOUNTS],
  );
  await insertItems(sql, ground);
  // The server reads and writes files of its own user only.
  const { rows } = await db.$client.query('show data_directory');
  const file = `${rows[0]?.data_directory}/readings.copy`;
  const list = (names: readonly string[]) => `array['${names.join("', '")}']`;
  await sql(
    `copy (
       select 'rdg_bench' || n || '_' || a || '_' || c || '_' || m, '${workspaceId}', 'itm_bench' || n,
         'pub_bench' || n || '_' || a, (${list(MEASURES)})[m], (n * 7 + a * 11 + c * 13 + m * 17) % 5000,
         (${list(CHECKPOINTS)})[c], now(), 'sandbox'
       from generate_series(1, ${items}) n cross join generate_series(1, ${ACCOUNTS}) a
       cross join generate_series(1, ${CHECKPOINTS.length}) c
       cross join generate_series(1, ${MEASURES.length}) m
     ) to '${file}'`,
  );
  await sql(
    `copy readings (id, workspace_id, item_id, publication_id, measure, value, checkpoint, as_of, source)
     from '${file}'`,
  );
  await sql('vacuum analyze');
}

type Sql = (text: string, values?: unknown[]) => Promise<unknown>;

async function insertItems(sql: Sql, { workspaceId, memberId, items }: RollUpGround) {
  const itemId = 'itm_template';
  const playbook = pinPlaybook(STANDARD_PLAYBOOK);
  const team = { strategist: memberId, creator: memberId, social_media_manager: memberId };
  const at = new Date().toISOString();
  const start = { itemId, workspaceId, playbook, team, campaign: null, brief: null, at };
  const row = itemRowOf(startItem(start).snapshot, 1);
  await sql(
    `insert into items (id, workspace_id, campaign_id, title, playbook_name, playbook_version, stage,
       substage, owner_role, waiting_on, head_hash, snapshot, stage_entered_at, created_by)
     select 'itm_bench' || n, $1, $2, 'item ' || n, $3, $4, $5, $6, $7, '[]', '',
       jsonb_set(replace($8, 'itm_template', 'itm_bench' || n)::jsonb, '{context,publications}',
         (select jsonb_agg(jsonb_build_object('id', 'pub_bench' || n || '_' || a,
            'channelAccountId', 'cha_bench' || a, 'channel', 'sandbox', 'slotNumber', 1,
            'state', 'published', 'at', $9::text, 'local', '', 'zone', 'UTC', 'contentHash', null,
            'remoteId', null, 'permalink', null, 'publishedAt', $9::text, 'evidence', null))
          from generate_series(1, $11::integer) a)),
       $9::timestamptz, $10
     from generate_series(1, $12::integer) n`,
    [
      workspaceId,
      CAMPAIGN,
      playbook.name,
      playbook.version,
      row.stage,
      row.substage,
      row.ownerRole,
      JSON.stringify(row.snapshot),
      at,
      memberId,
      ACCOUNTS,
      items,
    ],
  );
}
