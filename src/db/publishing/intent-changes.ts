import { type AnyColumn, and, eq, type SQL, sql } from 'drizzle-orm';
import type { Segment } from '../../domain/channel/publish-segments.ts';
import type { Db } from '../client.ts';
import { publishIntents } from '../schema/index.ts';

export type IntentRow = typeof publishIntents.$inferSelect;

export interface IntentKey {
  workspaceId: string;
  intentKey: string;
}

/** What is kept in an intent's log; the database adds its clock. */
export type Note = Record<string, unknown>;

/** The row after a change, and whether the change is what stands in it. */
export interface IntentMove {
  settled: boolean;
  intent: IntentRow | null;
}

export async function getIntent(db: Db, key: IntentKey): Promise<IntentRow | null> {
  const [row] = await db.select().from(publishIntents).where(isIntent(key));
  return row ?? null;
}

export const NO_LEASE = { leaseToken: null, leaseUntil: null };

type IntentChange = Parameters<ReturnType<typeof updateIntents>['set']>[0];

function updateIntents(db: Db) {
  return db.update(publishIntents);
}

export async function move(
  db: Db,
  key: IntentKey,
  from: SQL | undefined,
  change: IntentChange,
): Promise<IntentMove> {
  const [row] = await updateIntents(db)
    .set(change)
    .where(and(isIntent(key), from))
    .returning();
  if (row !== undefined) return { settled: true, intent: row };
  return { settled: false, intent: await getIntent(db, key) };
}

export function isIntent({ workspaceId, intentKey }: IntentKey) {
  return and(eq(publishIntents.intentKey, intentKey), eq(publishIntents.workspaceId, workspaceId));
}

export function segmentsAnd({
  segments,
  note,
}: {
  segments?: readonly Segment[] | undefined;
  note: Note;
}) {
  return {
    log: noted(note),
    ...(segments !== undefined && { segments: [...segments] }),
  };
}

/** The log with one more entry. */
export function noted(note: Note): SQL {
  return sql`${publishIntents.log} || jsonb_build_array(
    jsonb_build_object('at', ${clockIso()}) || ${JSON.stringify(note)}::jsonb)`;
}

export function clockIso(): SQL<string> {
  return sql<string>`to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Milliseconds, less than 0 once it is over; null where there is no instant. */
export function msUntil(instant: AnyColumn): SQL<number | null> {
  return sql`(extract(epoch from ${instant} - clock_timestamp()) * 1000)::double precision`;
}

/** Never later than said: the columns round to a millisecond, and up as well as down. */
export function fromNow(ms: number): SQL {
  return sql`date_trunc('milliseconds', clock_timestamp()) + ${ms} * interval '1 millisecond'`;
}
