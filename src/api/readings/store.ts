import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Db } from '../../db/client.ts';
import type { StoredItem } from '../../db/item/items.ts';
import { appendReadings, type ReadingRow } from '../../db/item/readings.ts';
import { findChannelAccounts } from '../../db/workspace/channel-accounts.ts';
import type { ReadingInput } from '../../domain/kpi/measures.ts';
import { isAhead } from '../../domain/kpi/readings.ts';
import { IssueGroups } from '../gates/issue-groups.ts';

/** Readings that one JSON request may bring. */
export const MAX_AT_ONCE = 500;
/** A large insert is cut into statements of this many rows. */
const ROWS_PER_STATEMENT = 250;

/** A reading belongs to what this item published, or to an account of the workspace, and not to the future. */
export async function checkReadings(
  db: Db,
  {
    item,
    readings,
    placeOf,
  }: {
    item: StoredItem;
    readings: readonly ReadingInput[];
    placeOf: (index: number) => string;
  },
): Promise<void> {
  const { workspaceId, clockOffsetMs, snapshot } = item;
  const publications = new Set(snapshot.context.publications.map(({ id }) => id));
  const named = readings.flatMap(({ channelAccountId }) => channelAccountId ?? []);
  const rows = await findChannelAccounts(db, { workspaceId, ids: [...new Set(named)] });
  const accounts = new Set(rows.map(({ id }) => id));
  const nowMs = Date.now() + clockOffsetMs;
  const issues = new IssueGroups();
  for (const [index, { publicationId, channelAccountId, asOf }] of readings.entries()) {
    const add = (field: string, message: string) =>
      issues.add(field, { path: `${placeOf(index)}.${field}`, message });
    if (publicationId !== undefined && !publications.has(publicationId)) {
      add('publicationId', 'is not a publication of this item');
    }
    if (channelAccountId !== undefined && !accounts.has(channelAccountId)) {
      add('channelAccountId', 'is not a channel account of this workspace');
    }
    if (isAhead(asOf, nowMs)) add('asOf', 'lies in the future');
  }
  if (!issues.isEmpty) throw issues.error();
}

export async function storeReadings(
  tx: Db,
  batch: {
    workspaceId: string;
    itemId: string;
    createdBy: string;
    readings: ReadingInput[];
    /** Those of a request that is known again are stored once. */
    requestId?: string;
  },
): Promise<ReadingRow[]> {
  const { workspaceId, itemId, createdBy, readings, requestId } = batch;
  const rows: ReadingRow[] = [];
  for (let at = 0; at < readings.length; at += ROWS_PER_STATEMENT) {
    const part = readings.slice(at, at + ROWS_PER_STATEMENT).map((reading, index) => ({
      ...reading,
      idempotencyKey: requestId === undefined ? null : `${requestId}:${at + index}`,
      publicationId: reading.publicationId ?? null,
      channelAccountId: reading.channelAccountId ?? null,
      checkpoint: reading.checkpoint ?? null,
      createdBy,
    }));
    rows.push(...(await appendReadings(tx, { workspaceId, itemId, additions: part })));
    // A statement of many rows takes its time to build: others come in between.
    await nextTurn();
  }
  return rows;
}
