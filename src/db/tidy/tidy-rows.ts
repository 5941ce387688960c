import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

/** What is tidied, by the name that logs and metrics have for it. */
export const TIDIED_ROWS = [
  'commands',
  'refused_starts',
  'answers',
  'finding_evidence',
  'credential_refusals',
  'channel_sessions',
  'asset_records',
  'deliveries',
  'told_events',
  'notices',
  'import_rows',
] as const;
export type TidiedRows = (typeof TIDIED_ROWS)[number];

interface Rule {
  table: SQL;
  /** Of the rows `r` of one workspace, which may go. `before` is the instant that they have to be older than. */
  isOver: (before: SQL) => SQL;
  /** What becomes of such a row; it is deleted where nothing is said. */
  change?: SQL;
}

/** Nothing of an open item: its guards, its answers and its audit read what is here. */
const RULES: Record<TidiedRows, Rule> = {
  commands: {
    table: sql`commands`,
    // One that contradicts what its run did stays: it is a finding.
    isOver: (before) => sql`r.state <> 'pending' and r.settled_at < ${before}
      and (r.state = 'applied' or r.applied_seq is null)
      and r.item_id in (select i.id from items i
        where i.workspace_id = r.workspace_id and i.closed_at < ${before})`,
  },
  refused_starts: {
    table: sql`commands`,
    isOver: (before) => sql`r.type = 'start_item' and r.state in ('refused', 'expired')
      and r.applied_seq is null and r.settled_at < ${before}
      and not exists (select from items i where i.id = r.item_id)`,
  },
  answers: {
    table: sql`idempotency_keys`,
    // The route is method and path: what was asked about an open item is answered again.
    isOver: (before) => sql`r.created_at < ${before} and not exists (
      select from items i where i.workspace_id = r.workspace_id
        and i.id = substring(r.route from '/items/([^/?]+)')
        and (i.closed_at is null or i.closed_at >= ${before}))`,
  },
  finding_evidence: {
    table: sql`findings`,
    isOver: (before) => sql`r.closed_at < ${before} and r.evidence <> '{}'`,
    change: sql`evidence = '{}'`,
  },
  credential_refusals: {
    table: sql`credential_refusals`,
    isOver: (before) => sql`r.refused_at < ${before} and ${ofInactiveAccount()}`,
  },
  channel_sessions: {
    table: sql`channel_sessions`,
    isOver: (before) => sql`r.updated_at < ${before} and ${ofInactiveAccount()}`,
  },
  asset_records: { table: sql`assets`, isOver: (before) => sql`r.unused_since < ${before}` },
  // One that waits for its next attempt, or for somebody to replay it, is not over.
  deliveries: {
    table: sql`webhook_deliveries`,
    isOver: (before) => sql`r.state in ('delivered', 'exhausted')
      and coalesce(r.delivered_at, r.exhausted_at) < ${before}`,
  },
  told_events: {
    table: sql`outbound_events`,
    isOver: (before) => sql`r.created_at < ${before}
      and not exists (select from webhook_deliveries d where d.event_id = r.id)`,
  },
  // Its sends go with it. That of an open item keeps its cause from being told again.
  notices: {
    table: sql`notices`,
    isOver: (before) => sql`r.at < ${before}
      and not exists (select from notice_sends s where s.notice_id = r.id and s.state = 'pending')
      and not exists (select from items i where i.workspace_id = r.workspace_id
        and i.id = r.item_id and (i.closed_at is null or i.closed_at >= ${before}))`,
  },
  // The import stays with its counts, and its readings stay.
  import_rows: {
    table: sql`reading_import_blocks`,
    isOver: (before) => sql`exists (select from reading_imports i
      where i.workspace_id = r.workspace_id and i.id = r.import_id and i.ended_at < ${before})`,
  },
};

function ofInactiveAccount(): SQL {
  return sql`exists (select from channel_accounts a where a.workspace_id = r.workspace_id
    and a.id = r.channel_account_id and not a.active)`;
}

export interface TidyQuestion {
  workspaceId: string;
  what: TidiedRows;
  days: number;
  /** Rows at most. */
  limit: number;
}

/**
 * Tidies rows of one workspace that are over, a batch of them. Two at once share the work.
 * @returns how many.
 */
export async function tidyRows(db: Db, question: TidyQuestion): Promise<number> {
  const { table, change } = RULES[question.what];
  const chosen = sql`where workspace_id = ${question.workspaceId}
    and ctid = any (array(${choice(question, sql`r.ctid`)} for update of r skip locked))`;
  const { rowCount } = await db.execute(
    change === undefined
      ? sql`delete from ${table} ${chosen}`
      : sql`update ${table} set ${change} ${chosen}`,
  );
  return rowCount ?? 0;
}

/** How many rows `tidyRows` would tidy. */
export async function countTidyRows(db: Db, question: TidyQuestion): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(
    sql`select count(*)::integer as count from (${choice(question, sql`1`)}) over`,
  );
  return rows[0]?.count ?? 0;
}

function choice({ workspaceId, what, days, limit }: TidyQuestion, column: SQL): SQL {
  const { table, isOver } = RULES[what];
  const before = sql`now() - ${days}::float8 * interval '1 day'`;
  return sql`select ${column} from ${table} r
    where r.workspace_id = ${workspaceId} and ${isOver(before)} limit ${limit}`;
}

/** Counts of requests whose second is long over. They are of no workspace. */
export async function tidyRateLimits(db: Db, { isDryRun }: { isDryRun: boolean }): Promise<number> {
  return acrossWorkspaces('no_workspace', async () => {
    const isOver = sql`from rate_limits where expire < extract(epoch from now() - interval '1 hour') * 1000`;
    if (isDryRun) {
      const { rows } = await db.execute<{ count: number }>(
        sql`select count(*)::integer as count ${isOver}`,
      );
      return rows[0]?.count ?? 0;
    }
    return (await db.execute(sql`delete ${isOver}`)).rowCount ?? 0;
  });
}
