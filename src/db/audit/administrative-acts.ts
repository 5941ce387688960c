import { and, asc, eq, gt, gte, lt } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { decodeSeqCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { administrativeActs } from '../schema/index.ts';

export type ActRow = Pick<
  typeof administrativeActs.$inferSelect,
  'seq' | 'record' | 'prevHash' | 'hash'
>;

export interface ActFilter {
  actor?: string | undefined;
  target?: string | undefined;
  /** Acts at or after it, and before the other. */
  from?: string | undefined;
  to?: string | undefined;
}

/** What was done to a workspace itself, oldest first. */
export async function listActs(
  db: Db,
  {
    workspaceId,
    actor,
    target,
    from,
    to,
    ...request
  }: PageRequest & ActFilter & { workspaceId: string },
): Promise<Page<ActRow>> {
  const limit = pageLimit(request);
  const { seq, record, prevHash, hash } = administrativeActs;
  const rows = await db
    .select({ seq, record, prevHash, hash })
    .from(administrativeActs)
    .where(
      and(
        eq(administrativeActs.workspaceId, workspaceId),
        ...ifGiven(actor, (id) => eq(administrativeActs.actor, id)),
        ...ifGiven(target, (id) => eq(administrativeActs.target, id)),
        ...ifGiven(from, (at) => gte(administrativeActs.at, at)),
        ...ifGiven(to, (at) => lt(administrativeActs.at, at)),
        ...ifGiven(request.cursor, (cursor) => gt(seq, decodeSeqCursor(cursor))),
      ),
    )
    .orderBy(asc(seq))
    .limit(limit + 1);
  return toPage(rows, limit, (row) => [row.seq]);
}
