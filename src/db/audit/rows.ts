import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { WaitingOn } from '../../domain/item/responsible.ts';
import type { Db } from '../client.ts';
import type { StoredItem } from '../item/items.ts';
import { commands, items } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';
import { VERDICT_WITHIN_MS } from './record-checks.ts';
import { milliseconds } from './sql.ts';

/** What the audit compares with the run of an item. */
export interface AuditRow {
  itemId: string;
  seq: number;
  headHash: string;
  updatedAt: string;
  /** Its run is not started yet: the command that does so has no verdict. */
  isStarting: boolean;
  /** A command is under way: its events are stored with its verdict. */
  isAwaited: boolean;
}

/** The open items of a workspace, the ones that reported longest ago first. */
export async function listAuditRows(
  db: Db,
  { workspaceId, itemIds }: { workspaceId: string; itemIds?: readonly string[] | undefined },
): Promise<AuditRow[]> {
  return db
    .select({
      itemId: items.id,
      seq: items.seq,
      headHash: items.headHash,
      updatedAt: items.updatedAt,
      isStarting: sql<boolean>`exists (select from ${commands} c where c.item_id = ${items.id}
        and c.type = 'start_item' and c.state = 'pending')`,
      isAwaited: sql<boolean>`exists (select from ${commands} c where c.item_id = ${items.id}
        and c.state = 'pending' and c.created_at > now() - ${milliseconds(VERDICT_WITHIN_MS)})`,
    })
    .from(items)
    .where(
      and(
        eq(items.workspaceId, workspaceId),
        isNull(items.closedAt),
        ...(itemIds === undefined ? [] : [inArray(items.id, [...itemIds])]),
      ),
    )
    .orderBy(asc(items.updatedAt), asc(items.id));
}

/** Open items of a workspace, counted up to a limit. */
export async function countOpenItems(
  db: Db,
  { workspaceId, atMost }: { workspaceId: string; atMost: number },
): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(sql`
select count(*)::integer as count from (select from items
  where workspace_id = ${workspaceId} and closed_at is null limit ${atMost}) counted`);
  return rows[0]?.count ?? 0;
}

/** Where an item's row is, whatever its workspace. */
export interface RowLocation {
  itemId: string;
  workspaceId: string;
  stage: string;
  closedAt: string | null;
  updatedAt: string;
}

/**
 * Which of these items have a row, in any workspace: a run belongs to nobody only when none has.
 * The caller shows nothing of a foreign one.
 */
export async function locateRows(db: Db, itemIds: readonly string[]): Promise<RowLocation[]> {
  if (itemIds.length === 0) return [];
  return acrossWorkspaces('item_locations', () =>
    db
      .select({
        itemId: items.id,
        workspaceId: items.workspaceId,
        stage: items.stage,
        closedAt: items.closedAt,
        updatedAt: items.updatedAt,
      })
      .from(items)
      .where(inArray(items.id, [...itemIds]))
      .execute(),
  );
}

/** The rows of items that something was found about. */
export async function readItems(
  db: Db,
  { workspaceId, itemIds }: { workspaceId: string; itemIds: readonly string[] },
): Promise<StoredItem[]> {
  if (itemIds.length === 0) return [];
  return db
    .select()
    .from(items)
    .where(and(eq(items.workspaceId, workspaceId), inArray(items.id, [...itemIds])));
}

/** Whom each of these items waits for, by id; an item without a row has no entry. */
export async function readWaits(
  db: Db,
  { workspaceId, itemIds }: { workspaceId: string; itemIds: readonly string[] },
): Promise<Map<string, WaitingOn[]>> {
  if (itemIds.length === 0) return new Map();
  const rows = await db
    .select({ id: items.id, waitingOn: items.waitingOn })
    .from(items)
    .where(and(eq(items.workspaceId, workspaceId), inArray(items.id, [...itemIds])));
  return new Map(rows.map(({ id, waitingOn }) => [id, [...waitingOn]]));
}
