import type { Client } from '@temporalio/client';
import type { Db } from '../../db/client.ts';
import { readChain } from '../../db/item/item-events.ts';
import { getItem, type ItemKey, type StoredItem } from '../../db/item/items.ts';
import { itemWorkflowId } from '../../domain/ids.ts';
import { type ItemEvent, verifyChain } from '../../domain/item/event.ts';
import type { RunRecord } from '../run-history.ts';
import { type RunStatus, readRunStatus } from '../run-status.ts';
import { recordOf } from './rebuild-row.ts';
import { NotPossible } from './repair-outcome.ts';

const READ_MS = 4_000;

/** A run that is to be replaced, beside the row that the new one goes on from. */
export interface LostRun {
  item: StoredItem;
  run: RunStatus;
  /** What its history tells; null where the engine has none. */
  record: RunRecord | null;
  /** Up to here row and run tell the same. */
  agreedSeq: number;
  /** Events that its history can add to the stored ones; none where they contradict each other. */
  missing: number[];
  /** What is stored, in order. */
  chain: readonly ItemEvent[];
}

/** @throws NotPossible when the item has no row, or its run's history is there and cannot be read. */
export async function readLostRun(
  { db, temporal }: { db: Db; temporal: Client },
  key: ItemKey,
): Promise<LostRun> {
  const execution = { workflowId: itemWorkflowId(key.itemId) };
  const run = await readRunStatus(temporal, execution, Date.now() + READ_MS);
  const record =
    run.state === 'not_found' ? null : await recordOf({ db, temporal }, execution, key);
  const item = await getItem(db, key);
  if (item === null) throw new NotPossible('the item has no row');
  const chain = await readChain(db, key);
  const contradiction = chain.find(({ seq, hash }) => (record?.hashes.get(seq) ?? hash) !== hash);
  if (contradiction !== undefined) {
    const agreedSeq = contradiction.seq - 1;
    return { item, run, record, chain, agreedSeq, missing: [] };
  }
  const stored = new Set(chain.map(({ seq }) => seq));
  const told = record?.events.map(({ seq }) => seq) ?? [];
  const missing = told.filter((seq) => !stored.has(seq));
  const agreedSeq = Math.min(item.seq, record?.seq ?? item.seq);
  return { item, run, record, chain, agreedSeq, missing };
}

/**
 * A run that goes on from a row makes it the truth: nothing that was forged may become that.
 * @throws NotPossible
 */
export function requireWhole({ item, record, chain, missing }: LostRun): void {
  const added = (record?.events ?? []).filter(({ seq }) => missing.includes(seq));
  const whole = [...chain, ...added].sort((a, b) => a.seq - b.seq);
  const fault = verifyChain(whole);
  if (fault !== null) {
    const what = fault.code === 'event_gap' ? 'is missing' : 'breaks it';
    throw new NotPossible(`the stored chain is not whole: event ${fault.seq} ${what}`);
  }
  if (item.seq === 0) return;
  const atRow = whole.find(({ seq }) => seq === item.seq)?.hash;
  if (atRow !== item.headHash) {
    throw new NotPossible(`the row does not stand in its chain: event ${item.seq} is another one`);
  }
}
