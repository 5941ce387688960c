import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import type { AddendumRow } from '../item/kpi-addenda.ts';
import { kpiAddenda } from '../schema/index.ts';

interface LateRequest {
  workspaceId: string;
  itemIds: readonly string[];
  /** When a review of these items was frozen. */
  since: string;
}

/** Whether any of the items got a reading since. */
export async function hasLateReadings(
  db: Db,
  { workspaceId, itemIds, since }: LateRequest,
): Promise<boolean> {
  const { rows } = await db.execute(sql`
    select from readings where workspace_id = ${workspaceId}
      and item_id in (select jsonb_array_elements_text(${JSON.stringify(itemIds)}::jsonb))
      and created_at > ${since}::timestamptz limit 1`);
  return rows.length > 0;
}

/** Addenda to reviews of the items that were written since, oldest first. */
export async function listLateAddenda(
  db: Db,
  { workspaceId, itemIds, since, limit }: LateRequest & { limit: number },
): Promise<AddendumRow[]> {
  return db
    .select()
    .from(kpiAddenda)
    .where(
      and(
        eq(kpiAddenda.workspaceId, workspaceId),
        inArray(kpiAddenda.itemId, [...itemIds]),
        gt(kpiAddenda.createdAt, since),
      ),
    )
    .orderBy(asc(kpiAddenda.createdAt), asc(kpiAddenda.id))
    .limit(limit);
}
