import { sql } from 'drizzle-orm';
import type { MatchKind } from '../../domain/csv/mapping.ts';
import type { Db } from '../client.ts';

/** A piece that a row of an export is about. */
export interface MatchedPiece {
  /** As it was asked for. */
  ref: string;
  itemId: string;
  /** Null: the item itself. */
  publicationId: string | null;
  clockOffsetMs: number;
  isOpen: boolean;
}

/** The pieces of the workspace that have one of the names. One name may be of more than one piece. */
export async function findPieces(
  db: Db,
  { workspaceId, by, refs }: { workspaceId: string; by: MatchKind; refs: readonly string[] },
): Promise<MatchedPiece[]> {
  const { rows } = await db.execute<MatchedPiece & Record<string, unknown>>(sql`
    select p.ref, p.item_id as "itemId", p.publication_id as "publicationId",
      i.clock_offset_ms::double precision as "clockOffsetMs", i.closed_at is null as "isOpen"
    from (${namedPieces(workspaceId, by)(sql`any (${sql.param(refs)}::text[])`)}) p
    join items i on i.workspace_id = ${workspaceId} and i.id = p.item_id`);
  return rows;
}

function namedPieces(workspaceId: string, by: MatchKind) {
  return (names: ReturnType<typeof sql>) => {
    switch (by) {
      case 'publication_id':
      case 'utm_content':
        return sql`select id as ref, item_id, id as publication_id from publications
          where workspace_id = ${workspaceId} and id = ${names}`;
      case 'remote_id':
        // Of a thread its first text stands for all of it.
        return sql`select remote_id as ref, item_id, publication_id from remote_posts
          where workspace_id = ${workspaceId} and remote_id = ${names} and position = 0`;
      case 'url':
        return sql`select permalink as ref, item_id, id as publication_id from publications
          where workspace_id = ${workspaceId} and permalink = ${names}`;
      case 'page':
        return sql`select distinct b.body #>> '{callToAction,url}' as ref, b.item_id,
            null::text as publication_id
          from briefs b join items o on o.workspace_id = b.workspace_id and o.id = b.item_id
            and o.snapshot #>> '{context,brief,hash}' = b.hash
          where b.workspace_id = ${workspaceId} and b.body #>> '{callToAction,url}' = ${names}`;
    }
  };
}
