import {
  type AnyColumn,
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  isNotNull,
  isNull,
  not,
  or,
  sql,
} from 'drizzle-orm';
import type { AlarmCode } from '../../domain/item/alarms.ts';
import type { Review } from '../../domain/item/context.ts';
import type { RowHead } from '../../domain/item/divergence.ts';
import { GENESIS_HASH } from '../../domain/item/event.ts';
import type { ItemRow } from '../../domain/item/row.ts';
import type { Stage } from '../../domain/item/stages.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import {
  decodeInstantCursor,
  type Page,
  type PageRequest,
  pageBy,
  pageLimit,
  toPage,
} from '../paging.ts';
import { preparedOnce } from '../prepared.ts';
import { items } from '../schema/index.ts';

/** A row as it is stored. */
export type StoredItem = typeof items.$inferSelect;

/** A row of a list: everything but the machine's state and its alarms. */
export type ItemSummary = Omit<StoredItem, 'snapshot' | 'alarms'>;

const { snapshot: _, alarms: __, ...summaryColumns } = getTableColumns(items);

export type NewItem = Pick<
  StoredItem,
  'id' | 'workspaceId' | 'title' | 'campaignId' | 'playbookName' | 'playbookVersion' | 'createdBy'
> &
  Omit<ItemRow, 'seq' | 'closedAt'>;

/** The row of an item whose run is about to start, at seq 0. Every later state comes from its run. */
export async function insertItem(db: Db, item: NewItem): Promise<StoredItem> {
  const [row] = await db
    .insert(items)
    .values({ ...item, seq: 0, headHash: GENESIS_HASH })
    .returning();
  if (row === undefined) throw new Error(`${item.id}: insert returned no row`);
  return row;
}

export interface ItemKey {
  workspaceId: string;
  itemId: string;
}

/** The rows of an item in a table. */
export function isOfItem(
  table: Record<'workspaceId' | 'itemId', AnyColumn>,
  { workspaceId, itemId }: ItemKey,
) {
  return and(eq(table.itemId, itemId), eq(table.workspaceId, workspaceId));
}

export async function getItem(db: Db, key: ItemKey): Promise<StoredItem | null> {
  const [row] = await findItem(db).execute({ ...key });
  return row ?? null;
}

const findItem = preparedOnce((db) =>
  db
    .select()
    .from(items)
    .where(
      and(
        eq(items.id, sql.placeholder('itemId')),
        eq(items.workspaceId, sql.placeholder('workspaceId')),
      ),
    )
    .prepare('find_item'),
);

/** Where the row of an item stands now; null when the workspace has no such item. */
export async function readRowHead(
  db: Db,
  { workspaceId, itemId }: ItemKey,
): Promise<RowHead | null> {
  const [row] = await findHead(db).execute({ workspaceId, itemId });
  return row ?? null;
}

const findHead = preparedOnce((db) =>
  db
    .select({ seq: items.seq, headHash: items.headHash })
    .from(items)
    .where(
      and(
        eq(items.id, sql.placeholder('itemId')),
        eq(items.workspaceId, sql.placeholder('workspaceId')),
      ),
    )
    .prepare('find_row_head'),
);

export interface ItemFilter extends PageRequest {
  workspaceId: string;
  stage?: Stage | undefined;
  /** Owns the stage, or is waited for. */
  role?: Role | undefined;
  assigneeId?: string | undefined;
  campaignId?: string | undefined;
  /** Part of the title, in any case. */
  q?: string | undefined;
  open?: boolean | undefined;
  /** Open, and past its due time or waiting for a person to resolve a publication. */
  stuck?: boolean | undefined;
  /** Newest first by this instant. `created` never changes, so pages of it never shift. */
  order?: 'created' | 'updated' | undefined;
}

/** Items of a workspace, newest first. */
export async function listItems(db: Db, filter: ItemFilter): Promise<Page<ItemSummary>> {
  const field = filter.order === 'updated' ? 'updatedAt' : 'createdAt';
  const page = pageBy(items, field, filter, desc);
  const rows = await db
    .select(summaryColumns)
    .from(items)
    .where(
      and(
        eq(items.workspaceId, filter.workspaceId),
        ...ifGiven(filter.stage, (stage) => eq(items.stage, stage)),
        ...ifGiven(filter.role, (role) => or(eq(items.ownerRole, role), waitsFor({ role }))),
        ...ifGiven(filter.assigneeId, (assigneeId) => eq(items.assigneeId, assigneeId)),
        ...ifGiven(filter.campaignId, (campaignId) => eq(items.campaignId, campaignId)),
        ...ifGiven(filter.q, titleContains),
        ...ifGiven(filter.open, isOpen),
        ...ifGiven(filter.stuck, (stuck) => (stuck ? isStuck() : not(isStuck()))),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Stands for "no due time" in the order of an inbox. */
export const NEVER = '9999-12-31T23:59:59.999Z';

/** Open items that wait for a member, by name or through a role nobody is assigned for, soonest due first. */
export async function listInbox(
  db: Db,
  request: PageRequest & { workspaceId: string; memberId: string; roles: readonly Role[] },
): Promise<Page<ItemSummary>> {
  const limit = pageLimit(request);
  const due = dueOrNever();
  const rows = await db
    .select(summaryColumns)
    .from(items)
    .where(
      and(
        eq(items.workspaceId, request.workspaceId),
        isNull(items.closedAt),
        or(waitsFor({ memberId: request.memberId }), waitsForAnyOf(request.roles)),
        ...ifGiven(request.cursor, isAfterDue),
      ),
    )
    .orderBy(asc(due), asc(items.id))
    .limit(limit + 1);
  return toPage(rows, limit, (row) => [row.dueAt ?? NEVER, row.id]);
}

/** An item in review, with its latest review. */
export type ReviewStepRow = ItemSummary & { review: Review };

/** Items whose review waits for sign-offs, soonest due first. */
export async function listReviewSteps(
  db: Db,
  request: PageRequest & {
    workspaceId: string;
    /** Only those that wait for this role. */
    role?: Role | undefined;
    campaignId?: string | undefined;
  },
): Promise<Page<ReviewStepRow>> {
  const limit = pageLimit(request);
  const due = dueOrNever();
  const rows = await db
    .select({
      ...summaryColumns,
      review: sql<Review>`${items.snapshot} -> 'context' -> 'reviews' -> -1`,
    })
    .from(items)
    .where(
      and(
        eq(items.workspaceId, request.workspaceId),
        eq(items.stage, 'kpi_review'),
        ...ifGiven(request.role, (role) => waitsFor({ role })),
        ...ifGiven(request.campaignId, (campaignId) => eq(items.campaignId, campaignId)),
        ...ifGiven(request.cursor, isAfterDue),
      ),
    )
    .orderBy(asc(due), asc(items.id))
    .limit(limit + 1);
  return toPage(rows, limit, (row) => [row.dueAt ?? NEVER, row.id]);
}

function dueOrNever() {
  return sql`coalesce(${items.dueAt}, ${NEVER}::timestamptz)`;
}

function isAfterDue(cursor: string) {
  const { at, id } = decodeInstantCursor(cursor);
  return sql`(${dueOrNever()}, ${items.id}) > (${at}::timestamptz, ${id})`;
}

/**
 * Notes how far time travel has put the run's clock ahead (local stack only).
 * @returns false when the workspace has no such item.
 */
export async function setClockOffset(
  db: Db,
  { offsetMs, ...key }: ItemKey & { offsetMs: number },
): Promise<boolean> {
  const { rowCount } = await db.update(items).set({ clockOffsetMs: offsetMs }).where(isItem(key));
  return rowCount === 1;
}

function isItem({ workspaceId, itemId }: ItemKey) {
  return and(eq(items.id, itemId), eq(items.workspaceId, workspaceId));
}

/** What makes an item of a list stuck; the audit finds more. */
const STUCK: AlarmCode[] = [
  'overdue',
  'publication_unknown',
  'publication_missed',
  'publication_rejected',
];

/** Never null, so that its negation holds for every other row. */
function isStuck() {
  const now = sql`now() + ${items.clockOffsetMs} * interval '1 millisecond'`;
  return sql`(${items.closedAt} is null and coalesce(${items.nextAlarmAt} < ${now}, false)
    and exists (select from jsonb_to_recordset(${items.alarms}) as a(code text, at timestamptz)
      where a.code in ${STUCK} and a.at < ${now}))`;
}

function isOpen(open: boolean) {
  return open ? isNull(items.closedAt) : isNotNull(items.closedAt);
}

/** Case is folded by Unicode's rules whatever the locale of the database. */
function titleContains(q: string) {
  const pattern = `%${q.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
  return sql`${items.title} collate "pg_c_utf8" ilike ${pattern}`;
}

function waitsFor(part: { role: Role } | { memberId: string }) {
  return sql`${items.waitingOn} @> ${JSON.stringify([part])}::jsonb`;
}

function waitsForAnyOf(roles: readonly Role[]) {
  return sql`exists (
    select 1 from jsonb_array_elements(${items.waitingOn}) as waited
    where not waited ? 'memberId' and waited ->> 'role' in (
      select jsonb_array_elements_text(${JSON.stringify(roles)}::jsonb)
    )
  )`;
}
