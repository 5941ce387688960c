import { and, eq, inArray, sql } from 'drizzle-orm';
import type { OutboundEventType } from '../../domain/outbound/catalogue.ts';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { outbox } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

export type OutboxRow = typeof outbox.$inferSelect;

/** Events that are told one after the other. */
export interface Stream {
  workspaceId: string;
  stream: string;
}

/**
 * Says something that is not in an item's chain: a finding, an act. It is told after what its workspace
 * said before it. Part of the transaction of what it tells of.
 * @returns the id of the event.
 */
export async function addOutboxEvent(
  tx: Db,
  event: {
    workspaceId: string;
    itemId?: string | null;
    type: OutboundEventType;
    payload: Record<string, unknown>;
  },
): Promise<string> {
  const id = newId('event');
  await tx.insert(outbox).values({ ...event, id, stream: event.workspaceId });
  return id;
}

/**
 * Streams of every workspace with something to tell, the longest waiting first. Whoever gets the list
 * still has to take each.
 */
export async function listWaitingStreams(db: Db, { limit }: { limit: number }): Promise<Stream[]> {
  // Awaited inside: the query is sent when it is waited for.
  const { rows } = await acrossWorkspaces('waiting_events', async () => {
    return await db.execute<{ workspace_id: string; stream: string }>(sql`
      select workspace_id, stream from outbox group by workspace_id, stream
      having max(not_before) <= clock_timestamp() order by min(position) limit ${limit}`);
  });
  return rows.map(({ workspace_id: workspaceId, stream }) => ({ workspaceId, stream }));
}

/**
 * The first events of streams of one workspace, in order, for as long as the transaction lasts. Streams
 * that somebody else has taken are left out: the lock on the first row is the right to the whole stream.
 */
export async function takeStreams(
  tx: Db,
  {
    workspaceId,
    streams,
    perStream,
  }: { workspaceId: string; streams: string[]; perStream: number },
): Promise<OutboxRow[]> {
  const { rows: taken } = await tx.execute<{ stream: string }>(sql`
    select o.stream from outbox o
    where o.workspace_id = ${workspaceId} and o.id in (
      select first.id from jsonb_array_elements_text(${JSON.stringify(streams)}::jsonb) as asked
      cross join lateral (
        select id from outbox where stream = asked order by seq, ordinal, position limit 1) as first)
    for update of o skip locked`);
  if (taken.length === 0) return [];
  const names = taken.map(({ stream }) => stream);
  // A query of its own: it sees what was committed until the locks were held.
  const { rows } = await tx.execute<{ id: string }>(sql`
    select first.id from jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) as asked
    cross join lateral (
      select id from outbox where stream = asked order by seq, ordinal, position
      limit ${perStream}) as first`);
  const ids = rows.map(({ id }) => id);
  return tx
    .select()
    .from(outbox)
    .where(and(eq(outbox.workspaceId, workspaceId), inArray(outbox.id, ids)))
    .orderBy(outbox.stream, outbox.seq, outbox.ordinal, outbox.position);
}

/** What was told leaves the outbox. */
export async function removeTold(
  tx: Db,
  { workspaceId, ids }: { workspaceId: string; ids: string[] },
): Promise<void> {
  await tx.delete(outbox).where(and(eq(outbox.workspaceId, workspaceId), inArray(outbox.id, ids)));
}

/** A stream that could not be told waits, whatever is added to it: twice as long after each failure. */
export async function postponeStream(
  db: Db,
  {
    workspaceId,
    stream,
    firstPauseMs,
    longestPauseMs,
  }: Stream & { firstPauseMs: number; longestPauseMs: number },
): Promise<void> {
  await db.execute(sql`
    update outbox o set failures = before.failures + 1, not_before = clock_timestamp()
      + least(${firstPauseMs}::float8 * power(2, least(before.failures, 20)),
              ${longestPauseMs}::float8) * interval '1 millisecond'
    from (select max(failures) as failures from outbox
          where stream = ${stream} and workspace_id = ${workspaceId}) before
    where o.stream = ${stream} and o.workspace_id = ${workspaceId}`);
}
