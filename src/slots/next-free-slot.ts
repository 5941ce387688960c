import { findBlackouts, isBlackedOut } from '../db/calendar/blackouts.ts';
import type { Db } from '../db/client.ts';
import { listOccupancy } from '../db/publishing/publications.ts';
import type { WeeklySlot } from '../domain/channel/weekly-slots.ts';
import { type Occurrence, weeklyOccurrences } from '../time/weekly-occurrences.ts';

/** How far ahead a free slot is looked for. */
export const NEXT_SLOT_WITHIN_DAYS = 60;
const DAY_MS = 86_400_000;

export interface SlotSearch {
  workspaceId: string;
  /** For whom: its own plan on this account does not stand in its way. */
  itemId: string;
  account: { id: string; channel: string; zone: string; tokenExpiresAt: string | null };
  slots: readonly WeeklySlot[];
  /** ISO instant: everything found lies later. */
  after: string;
}

/**
 * The account's next weekly slot that nobody holds, outside blackouts and while its token lasts. Two
 * callers get the same one unless `lockSlots` is held until the plan or its command is stored.
 */
export async function findNextFreeSlot(db: Db, search: SlotSearch): Promise<Occurrence | null> {
  const { workspaceId, itemId, account, slots, after } = search;
  const active = slots.filter((slot) => slot.active);
  if (active.length === 0) return null;
  const to = new Date(Date.parse(after) + (NEXT_SLOT_WITHIN_DAYS + 1) * DAY_MS).toISOString();
  const occupied = await listOccupancy(db, {
    workspaceId,
    channelAccountId: account.id,
    from: after,
    to,
  });
  const taken = new Set(occupied.filter((slot) => slot.itemId !== itemId).map(({ at }) => at));
  const windows = await findBlackouts(db, { workspaceId, from: after, to });
  const { zone, tokenExpiresAt } = account;
  const days = NEXT_SLOT_WITHIN_DAYS;
  for (const occurrence of weeklyOccurrences({ slots: active, zone, after, days })) {
    const { at } = occurrence;
    if (tokenExpiresAt !== null && Date.parse(tokenExpiresAt) <= Date.parse(at)) return null;
    if (taken.has(at) || windows.some((window) => isBlackedOut(window, account, at))) continue;
    return occurrence;
  }
  return null;
}
