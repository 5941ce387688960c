import type { Client } from '@temporalio/client';
import { readArchivedHistories } from '../../db/audit/archived-histories.ts';
import type { Db } from '../../db/client.ts';
import { ChainConflict } from '../../db/errors.ts';
import { readChain, type StoredEvent } from '../../db/item/item-events.ts';
import { getItem, type ItemKey } from '../../db/item/items.ts';
import { projectRun } from '../../db/publishing/resolutions.ts';
import { inTransaction } from '../../db/transaction.ts';
import { itemWorkflowId } from '../../domain/ids.ts';
import { type ItemEvent, verifyChain } from '../../domain/item/event.ts';
import { itemRowOf } from '../../domain/item/row.ts';
import { isNotFound, whyNot } from '../../engine/ask.ts';
import { outboxWithProposals, type ProposalLog } from '../../slots/slot-proposals.ts';
import type { Execution } from '../history-pages.ts';
import { type RunRecord, readKeptRecord, readRecord } from '../run-history.ts';
import { LOST_TITLE, missingRecords, restoreItem, restoreRecords } from './missing-records.ts';
import { NotPossible, type RepairReport } from './repair-outcome.ts';

/** Reading the histories of a long item takes some questions. */
const READ_MS = 8_000;

/**
 * Writes again what the engine's history tells of an item and the tables lack: events, the row that
 * follows from them, the item itself, its commands with their answers, and its sends. Needs no worker. What
 * stands is never changed. Texts are not in the history: those that are gone are named.
 * @throws NotPossible when the history does not give a whole chain, or contradicts the stored one.
 */
export async function rebuildRow(
  { db, temporal, log }: { db: Db; temporal: Client; log: ProposalLog },
  key: ItemKey,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<RepairReport> {
  const workflowId = itemWorkflowId(key.itemId);
  const record = await recordOf({ db, temporal }, { workflowId }, key);
  if (record === null) throw new NotPossible('neither the engine nor the archive has its history');
  if (record.input.item.workspaceId !== key.workspaceId) {
    throw new NotPossible('its run belongs to another workspace');
  }
  const stored = await readChain(db, key);
  const events = wholeChain(stored, record);
  const row = await getItem(db, key);
  const missing = await missingRecords(db, key, record);
  const have = new Set(stored.map(({ seq }) => seq));
  const recorded = events.map(({ seq }) => seq).filter((seq) => !have.has(seq));
  const changes = [
    ...(row === null ? [`the item is stored again, under the title "${LOST_TITLE}"`] : []),
    ...(recorded.length === 0 ? [] : [`events are stored: ${recorded.join(', ')}`]),
    ...((row?.seq ?? 0) < record.seq ? [`the row stands at event ${record.seq}`] : []),
    ...missing.changes,
  ];
  const { seq, snapshot } = record;
  if (dryRun) return { changes, result: { seq, recorded, lost: missing.lost } };
  const outbox = await outboxWithProposals(db, { ...key, events, context: snapshot.context }, log);
  try {
    await inTransaction(db, async (tx) => {
      if (row === null) await restoreItem(tx, key, record);
      await projectRun(tx, { ...key, events, item: itemRowOf(snapshot, seq), outbox });
      await restoreRecords(tx, key, missing);
    });
    return { changes, result: { seq, recorded, lost: missing.lost } };
  } catch (error) {
    if (!(error instanceof ChainConflict)) throw error;
    throw new NotPossible(
      `the stored chain contradicts the history at event ${error.seq}: nothing was changed`,
    );
  }
}

/**
 * The engine's own history; for an item that closed long ago, the kept one.
 * @throws NotPossible when there is one that cannot be read.
 */
export async function recordOf(
  { db, temporal }: { db: Db; temporal: Client },
  execution: Execution,
  key: ItemKey,
): Promise<RunRecord | null> {
  try {
    const record = await readRecord(temporal, execution, Date.now() + READ_MS);
    if (record !== null) return record;
  } catch (error) {
    if (!isNotFound(error)) throw new NotPossible(`its history cannot be read: ${whyNot(error)}`);
  }
  const kept = await readArchivedHistories(db, key);
  const histories = kept.map(({ history }) => history);
  return readKeptRecord(temporal, histories);
}

/** Of what the engine has forgotten the stored events stand in; together they have to verify. */
function wholeChain(stored: readonly StoredEvent[], record: RunRecord): ItemEvent[] {
  const events = new Map(record.events.map((event) => [event.seq, event]));
  for (const { commandId: _, ...event } of stored) {
    if (!events.has(event.seq) && event.seq <= record.seq) events.set(event.seq, event);
  }
  const chain = [...events.values()].sort((a, b) => a.seq - b.seq);
  const fault = verifyChain(chain);
  if (fault === null && chain.at(-1)?.seq === record.seq) return chain;
  throw new NotPossible(
    fault?.code === 'chain_broken'
      ? `the chain does not verify at event ${fault.seq}`
      : `event ${fault?.seq ?? record.seq} is neither in the history nor stored`,
  );
}
