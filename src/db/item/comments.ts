import { and, eq, getTableColumns, isNull, or } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { commands, comments } from '../schema/index.ts';
import { type ItemKey, isOfItem } from './items.ts';

export type CommentRow = typeof comments.$inferSelect;

export type NewComment = Pick<
  CommentRow,
  'workspaceId' | 'itemId' | 'authorId' | 'visibility' | 'text'
> & { id?: string; kind?: CommentRow['kind']; commandId?: string | null };

/** Stores a comment. One that comes with a command is stored once per command id and kind. */
export async function insertComment(db: Db, comment: NewComment): Promise<CommentRow> {
  const [created] = await db
    .insert(comments)
    .values({ id: newId('comment'), ...comment })
    .onConflictDoNothing({ target: [comments.commandId, comments.kind] })
    .returning();
  if (created !== undefined) return created;
  const [earlier] = await db
    .select()
    .from(comments)
    .where(
      and(
        eq(comments.workspaceId, comment.workspaceId),
        eq(comments.commandId, comment.commandId ?? ''),
        eq(comments.kind, comment.kind ?? 'comment'),
      ),
    );
  if (earlier === undefined) throw new Error('the comment is neither new nor stored');
  return earlier;
}

/**
 * The thread of an item, oldest first. What came with a command is in it once that is applied: the
 * words of a refused approval were never said.
 */
export async function listComments(
  db: Db,
  request: ItemKey & PageRequest & { visibility?: CommentRow['visibility'] | undefined },
): Promise<Page<CommentRow>> {
  const page = pageBy(comments, 'createdAt', request);
  const rows = await db
    .select(getTableColumns(comments))
    .from(comments)
    .leftJoin(commands, eq(commands.id, comments.commandId))
    .where(
      and(
        isOfItem(comments, request),
        or(isNull(comments.commandId), eq(commands.state, 'applied')),
        ...ifGiven(request.visibility, (visibility) => eq(comments.visibility, visibility)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}
