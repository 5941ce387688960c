import { listChannelSchedules } from '../db/calendar/channel-schedules.ts';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { getItem } from '../db/item/items.ts';
import { findChannelAccounts } from '../db/workspace/channel-accounts.ts';
import type { ItemContext } from '../domain/item/context.ts';
import type { ItemEvent } from '../domain/item/event.ts';
import { outboxOf, SLOT_RELEASED } from '../domain/item/row.ts';
import { releasedSlots } from '../domain/item/slots.ts';
import { findNextFreeSlot } from './next-free-slot.ts';
import { slotsAfter } from './slot-start.ts';

/** The free slot that could be planned instead of a released one. Nobody holds it. */
export interface SlotProposal {
  at: string;
  local: string;
  zone: string;
}

/** Where it is told that nothing could be proposed. */
export interface ProposalLog {
  warn(fields: { itemId: string; reason: string }, message: string): void;
}

interface Occasion {
  context: ItemContext;
  /** ISO instant by the item's own clock. */
  now: string;
}

/**
 * For each released publication that nothing has replaced: the next free slot of its account, by the
 * id of the publication. Accounts without one are left out. Never fails: a proposal is a courtesy, and
 * what it goes with (a record, a view) has to be had without one.
 */
export function proposeSlots(
  db: Db,
  occasion: Occasion,
  log: ProposalLog,
): Promise<Map<string, SlotProposal>> {
  return orNone(occasion.context.itemId, log, () => findProposals(db, occasion));
}

async function orNone(
  itemId: string,
  log: ProposalLog,
  find: () => Promise<Map<string, SlotProposal>>,
): Promise<Map<string, SlotProposal>> {
  try {
    return await find();
  } catch (error) {
    log.warn({ itemId, reason: describeDatabaseError(error).slice(0, 300) }, 'no slot proposed');
    return new Map();
  }
}

async function findProposals(
  db: Db,
  { context, now }: Occasion,
): Promise<Map<string, SlotProposal>> {
  const proposals = new Map<string, SlotProposal>();
  const released = releasedSlots(context);
  if (released.length === 0) return proposals;
  const { workspaceId, itemId } = context;
  const ids = released.map(({ channelAccountId }) => channelAccountId);
  const accounts = (await findChannelAccounts(db, { workspaceId, ids })).filter(
    ({ active }) => active,
  );
  const schedules = await listChannelSchedules(db, { workspaceId, channelAccountIds: ids });
  for (const { id, channelAccountId } of released) {
    const account = accounts.find((candidate) => candidate.id === channelAccountId);
    if (account === undefined) continue;
    const { slots } = schedules.get(channelAccountId) ?? { slots: [] };
    const after = slotsAfter(context, now);
    const free = await findNextFreeSlot(db, { workspaceId, itemId, account, slots, after });
    if (free !== null) {
      proposals.set(id, { at: free.at, local: free.local, zone: free.zone });
    }
  }
  return proposals;
}

/**
 * Outbox rows of a batch; a released slot is told together with the slot proposed instead, or null
 * where there is none or none could be found. `db` is no transaction: a failed query must end only itself.
 */
export async function outboxWithProposals(
  db: Db,
  {
    workspaceId,
    itemId,
    events,
    context,
  }: {
    workspaceId: string;
    itemId: string;
    events: readonly ItemEvent[];
    /** After the batch; null when only the item's row knows it. */
    context: ItemContext | null;
  },
  log: ProposalLog,
): Promise<ReturnType<typeof outboxOf>> {
  const rows = outboxOf(itemId, events);
  const last = events.at(-1);
  if (last === undefined || !rows.some(({ type }) => type === SLOT_RELEASED)) return rows;
  const proposals = await orNone(itemId, log, async () => {
    const itemContext = context ?? (await getItem(db, { workspaceId, itemId }))?.snapshot.context;
    return itemContext === undefined
      ? new Map()
      : findProposals(db, { context: itemContext, now: last.at });
  });
  return rows.map((row) => {
    if (row.type !== SLOT_RELEASED) return row;
    const data = row.payload['data'] as { publicationId?: string };
    const proposal = proposals.get(data.publicationId ?? '') ?? null;
    return { ...row, payload: { ...row.payload, proposedAt: proposal?.at ?? null, proposal } };
  });
}
