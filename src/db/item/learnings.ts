import { and, desc, eq, getTableColumns, ne, type SQL, sql } from 'drizzle-orm';
import type { Brief } from '../../domain/item/content/brief.ts';
import type { Learning } from '../../domain/kpi/learning.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { items, learnings } from '../schema/index.ts';
import { type ItemKey, isOfItem } from './items.ts';
import { getBrief } from './versions.ts';

/** A claim of the library, with the title of the item that it comes from. */
export type LearningRow = typeof learnings.$inferSelect & { itemTitle: string };

const columns = { ...getTableColumns(learnings), itemTitle: items.title };

/** Stores what a sign-off teaches, once for each command. It counts when that is applied. */
export async function insertLearnings(
  db: Db,
  claims: ItemKey & {
    reviewId: string;
    commandId: string;
    authorId: string;
    /** Of the brief that says what the item is about. */
    briefHash: string;
    learnings: readonly Learning[];
  },
): Promise<void> {
  const { briefHash: hash, learnings: list, ...of } = claims;
  const { workspaceId, itemId } = of;
  const brief = await getBrief(db, { workspaceId, itemId, hash });
  const about = {
    pillar: brief?.body.pillar ?? null,
    audience: brief?.body.audience?.description ?? null,
    formats: brief?.body.formats ?? [],
  };
  const rows = list.map((learning, position) => ({
    ...of,
    ...about,
    ...learning,
    id: newId('learning'),
    position,
  }));
  await db.insert(learnings).values(rows).onConflictDoNothing();
}

/** The library, newest first; each filter that is given has to fit. */
export async function listLearnings(
  db: Db,
  filter: PageRequest & {
    workspaceId: string;
    /** In any case. */
    pillar?: string | undefined;
    /** A part of the description of the audience, in any case. */
    audience?: string | undefined;
    format?: string | undefined;
  },
): Promise<Page<LearningRow>> {
  const page = pageBy(learnings, 'createdAt', filter, desc);
  const rows = await select(db)
    .where(
      and(
        eq(learnings.workspaceId, filter.workspaceId),
        isApplied(),
        ...ifGiven(filter.pillar, (pillar) => sameText(learnings.pillar, pillar)),
        ...ifGiven(filter.audience, (audience) => contains(learnings.audience, audience)),
        ...ifGiven(filter.format, hasFormat),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Claims that fit a brief, best first: its pillar weighs most, then its formats, then its audience. */
export async function listFittingLearnings(
  db: Db,
  {
    workspaceId,
    itemId,
    brief: { pillar = '', formats = [], audience },
    limit,
  }: ItemKey & { brief: Brief; limit: number },
): Promise<LearningRow[]> {
  const shared = sql`(select count(*) from unnest(${learnings.formats}) f
    where f in (select jsonb_array_elements_text(${JSON.stringify(formats)}::jsonb)))`;
  const fit = sql`(case when ${sameText(learnings.pillar, pillar)} then 8 else 0 end
    + least(${shared}, 4)
    + case when ${sameText(learnings.audience, audience?.description ?? '')} then 2 else 0 end)`;
  return select(db)
    .where(
      and(
        eq(learnings.workspaceId, workspaceId),
        ne(learnings.itemId, itemId),
        isApplied(),
        sql`${fit} > 0`,
      ),
    )
    .orderBy(desc(fit), desc(learnings.createdAt), desc(learnings.id))
    .limit(limit);
}

/** What the sign-offs of a review taught, in the order in which it was said. */
export async function listReviewLearnings(
  db: Db,
  { reviewId, ...key }: ItemKey & { reviewId: string },
): Promise<LearningRow[]> {
  return select(db)
    .where(and(isOfItem(learnings, key), eq(learnings.reviewId, reviewId), isApplied()))
    .orderBy(learnings.createdAt, learnings.commandId, learnings.position);
}

function select(db: Db) {
  return db
    .select(columns)
    .from(learnings)
    .innerJoin(
      items,
      and(eq(items.id, learnings.itemId), eq(items.workspaceId, learnings.workspaceId)),
    );
}

function isApplied(): SQL {
  return sql`exists (select from item_events e where e.workspace_id = ${learnings.workspaceId}
    and e.command_id = ${learnings.commandId})`;
}

/** Case is folded by Unicode's rules whatever the locale of the database. */
function sameText(column: typeof learnings.pillar | typeof learnings.audience, text: string): SQL {
  return sql`coalesce(lower(${column} collate "pg_c_utf8") = lower(${text} collate "pg_c_utf8"), false)`;
}

function contains(column: typeof learnings.audience, text: string): SQL {
  const pattern = `%${text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
  return sql`${column} collate "pg_c_utf8" ilike ${pattern}`;
}

function hasFormat(format: string): SQL {
  return sql`${format} = any (${learnings.formats})`;
}
