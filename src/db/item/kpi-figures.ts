import { type SQL, sql } from 'drizzle-orm';
import { GROWTH, type GrownAt, type PastGrowth } from '../../domain/kpi/growth.ts';
import {
  BENCHMARK_DAYS,
  type ComparedPart,
  type PastFigures,
  PIECES_AT_MOST,
  type ScopeFigures,
} from '../../domain/kpi/past-figures.ts';
import type { Db } from '../client.ts';
import { executePrepared } from '../prepared.ts';
import { kpiFigures } from '../schema/index.ts';
import { type ItemKey, isOfItem } from './items.ts';

/** Stores the figures of a piece by scope and age, in place of those of an earlier review. */
export async function saveFigures(
  db: Db,
  {
    workspaceId,
    itemId,
    formats,
    parts,
    figures,
  }: ItemKey & {
    formats: string;
    parts: readonly ComparedPart[];
    figures: readonly ScopeFigures[];
  },
): Promise<void> {
  const byScope = new Map(parts.map((part) => [part.scope, part]));
  const rows = figures.flatMap((one) => {
    const part = byScope.get(one.scope);
    return part === undefined ? [] : [{ workspaceId, itemId, formats, ...part, ...one }];
  });
  await db.delete(kpiFigures).where(isOfItem(kpiFigures, { workspaceId, itemId }));
  if (rows.length > 0) await db.insert(kpiFigures).values(rows);
}

/**
 * What the latest other pieces of the same channels and formats reached at these ages, out of the 90
 * days before each part was published.
 */
export async function listPastFigures(
  db: Db,
  {
    workspaceId,
    itemId,
    formats,
    parts,
    ages,
  }: ItemKey & { formats: string; parts: readonly ComparedPart[]; ages: readonly number[] },
): Promise<PastFigures[]> {
  if (parts.length === 0 || ages.length === 0) return [];
  const statement = sql`
    select part.scope, age.hours as "ageHours", figure.key as figure,
           array_agg(figure.value::float8) as values
    from jsonb_to_recordset(${JSON.stringify(parts)}::jsonb)
           as part(scope text, kind text, channels text, "publishedAt" timestamptz)
    cross join jsonb_array_elements_text(${JSON.stringify(ages)}::jsonb) as given
    cross join lateral (select given.value::integer as hours) age
    cross join lateral (
      select f.figures from kpi_figures f
      where ${isAlike({ workspaceId, itemId, formats })} and f.age_hours = age.hours
      order by f.published_at desc, f.item_id, f.scope
      limit ${PIECES_AT_MOST}
    ) piece
    cross join lateral jsonb_each_text(piece.figures) figure
    where not starts_with(figure.key, ${GROWTH})
    group by part.scope, age.hours, figure.key`;
  return executePrepared<PastFigures & Record<string, unknown>>(db, 'list_past_figures', statement);
}

/** The same of the sums of a growth, for the piece as a whole: of the latest pieces that have each. */
export async function listPastGrowth(
  db: Db,
  {
    workspaceId,
    itemId,
    formats,
    parts,
    compared,
  }: ItemKey & {
    formats: string;
    parts: readonly ComparedPart[];
    compared: readonly GrownAt[];
  },
): Promise<PastGrowth> {
  const whole = parts.filter(({ kind }) => kind === 'item');
  if (whole.length === 0 || compared.length === 0) return [];
  const statement = sql`
    select asked."ageHours", asked.figure, array_agg(piece.value) as values
    from jsonb_to_recordset(${JSON.stringify(whole)}::jsonb)
           as part(kind text, channels text, "publishedAt" timestamptz)
    cross join jsonb_to_recordset(${JSON.stringify(compared)}::jsonb)
           as asked("ageHours" integer, figure text)
    cross join lateral (
      select (f.figures ->> asked.figure)::float8 as value from kpi_figures f
      where ${isAlike({ workspaceId, itemId, formats })} and f.age_hours = asked."ageHours"
        and f.figures ->> asked.figure is not null
      order by f.published_at desc, f.item_id
      limit ${PIECES_AT_MOST}
    ) piece
    group by asked."ageHours", asked.figure`;
  return executePrepared<PastGrowth[number] & Record<string, unknown>>(
    db,
    'list_past_growth',
    statement,
  );
}

/** A part of another piece, out of the days before `part`. */
function isAlike({ workspaceId, itemId, formats }: ItemKey & { formats: string }): SQL {
  return sql`f.workspace_id = ${workspaceId} and f.item_id <> ${itemId}
    and f.kind = part.kind and f.channels = part.channels and f.formats = ${formats}
    and f.published_at < part."publishedAt"
    and f.published_at >= part."publishedAt" - make_interval(days => ${BENCHMARK_DAYS})`;
}
