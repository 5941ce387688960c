import { and, asc, gte, inArray, sql } from 'drizzle-orm';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { Db } from '../client.ts';
import { decodeTimelineCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { commands } from '../schema/index.ts';
import {
  credentialOf,
  findIssuers,
  findLinkVias,
  type Via,
  viaOf,
} from '../workspace/issued-credentials.ts';
import { readEventsAfter, type StoredEvent } from './item-events.ts';
import { type ItemKey, isOfItem } from './items.ts';

/** `via` is the credential it was done with, where somebody else had made it for the actor, or a link. */
export type TimelineEntry = (({ kind: 'event' } & StoredEvent) | RefusalEntry) & {
  via: Via | null;
};

/** A refused command. `seq` is where the item stood: it comes after that event. */
export interface RefusalEntry {
  kind: 'refusal';
  seq: number;
  at: string;
  commandId: string;
  type: string;
  actor: string;
  unmet: Unmet[];
}

/**
 * Everything that happened to an item and everything it refused, oldest first. The order is that of
 * the chain, not of a clock: seq, then events before refusals, then the instant of the refusal.
 */
export async function readTimeline(
  db: Db,
  request: ItemKey & PageRequest,
): Promise<Page<TimelineEntry>> {
  const limit = pageLimit(request);
  const after = request.cursor === undefined ? null : decodeTimelineCursor(request.cursor);
  const page = { ...request, afterSeq: after?.seq ?? 0, limit: limit + 1 };
  const events = await readEventsAfter(db, page);
  const refusals = await refusalsAfter(db, request, after, limit + 1);
  const entries: Entry[] = events.map((event) => ({ kind: 'event', ...event }));
  entries.push(...refusals);
  entries.sort(compareEntries);
  const { items, nextCursor } = toPage(entries, limit, (entry) =>
    entry.kind === 'event' ? [entry.seq] : [entry.seq, entry.at, entry.commandId],
  );
  return { items: await withCredentials(db, request, items), nextCursor };
}

type Entry = ({ kind: 'event' } & StoredEvent) | RefusalEntry;

async function withCredentials(
  db: Db,
  { workspaceId }: ItemKey,
  entries: readonly Entry[],
): Promise<TimelineEntry[]> {
  const ids = entries.map(({ commandId }) => credentialOf(commandId));
  const issuers = await findIssuers(db, { workspaceId, ids });
  const links = await findLinkVias(db, { workspaceId, ids });
  return entries.map((entry, index) => {
    const id = ids[index] ?? '';
    const issuedBy = issuers.get(id);
    const via = issuedBy === undefined ? null : viaOf(id, issuedBy);
    return { ...entry, via: links.get(id) ?? via };
  });
}

async function refusalsAfter(
  db: Db,
  key: ItemKey,
  after: ReturnType<typeof decodeTimelineCursor> | null,
  limit: number,
): Promise<RefusalEntry[]> {
  const rows = await db
    .select()
    .from(commands)
    .where(
      and(
        isOfItem(commands, key),
        inArray(commands.state, ['refused', 'expired']),
        after === null ? undefined : isAfter(after),
      ),
    )
    .orderBy(asc(commands.refusedAtSeq), asc(commands.settledAt), asc(commands.id))
    .limit(limit);
  return rows.map((row) => ({
    kind: 'refusal',
    seq: row.refusedAtSeq ?? 0,
    at: row.settledAt ?? row.createdAt,
    commandId: row.id,
    type: row.type,
    actor: row.actorId,
    unmet: row.unmet ?? [],
  }));
}

function isAfter({ seq, refusal }: ReturnType<typeof decodeTimelineCursor>) {
  return refusal === null
    ? gte(commands.refusedAtSeq, seq)
    : sql`(${commands.refusedAtSeq}, ${commands.settledAt}, ${commands.id})
        > (${seq}, ${refusal.settledAt}::timestamptz, ${refusal.id})`;
}

function compareEntries(a: Entry, b: Entry): number {
  if (a.seq !== b.seq) return a.seq - b.seq;
  if (a.kind === 'event') return -1;
  if (b.kind === 'event') return 1;
  // Both lists come sorted and the sort is stable: refusals of one seq keep the database's order.
  return 0;
}
