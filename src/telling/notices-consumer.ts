import { readItems } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import type { StoredItem } from '../db/item/items.ts';

import { listMembers } from '../db/workspace/members.ts';
import { placeOf } from '../domain/item/run.ts';
import { asksOf } from '../domain/telling/asks.ts';
import { noticesOfEvent, type ToldEvent, type ToldItem } from '../domain/telling/events.ts';
import { type Notice, noticesTo, type Telling } from '../domain/telling/notice.ts';
import type { People } from '../domain/telling/people.ts';
import { noticesOfWorkspaceEvent } from '../domain/telling/workspace-events.ts';
import { storeNotices } from './store-notices.ts';

/** An event as the outbox hands it on. */
export interface OutboxEvent {
  workspaceId: string;
  itemId: string | null;
  seq: number;
  type: string;
  payload: Record<string, unknown>;
}

/** Tells people what the outbox brings. One transaction with its removal from there. */
export const noticesConsumer = { name: 'notices', take: takeEvents };

async function takeEvents(tx: Db, events: readonly OutboxEvent[]): Promise<void> {
  for (const [workspaceId, own] of Map.groupBy(events, (event) => event.workspaceId)) {
    const itemIds = [...new Set(own.flatMap(({ itemId }) => (itemId === null ? [] : [itemId])))];
    const items = await readItems(tx, { workspaceId, itemIds });
    const members = await listMembers(tx, { workspaceId });
    const people = { all: members.filter(({ active }) => active), now: Date.now() };
    const ofItems = items.flatMap((item) =>
      noticesOfItem(
        item,
        own.filter(({ itemId }) => itemId === item.id),
        people,
      ).map((notice) => ({ ...notice, itemId: item.id })),
    );
    const others = own
      .filter(({ itemId }) => itemId === null)
      .flatMap((event) => noticesOfWorkspaceEvent(toldEvent(event), people).flatMap(noticesTo))
      .map((notice) => ({ ...notice, itemId: null }));
    await storeNotices(tx, { workspaceId, notices: [...ofItems, ...others], members });
  }
}

/** What happened, and whom the item now waits for. */
function noticesOfItem(
  { id, title, snapshot, clockOffsetMs }: StoredItem,
  events: readonly OutboxEvent[],
  { all, now }: People,
): Notice[] {
  const { context } = snapshot;
  const item: ToldItem = { place: placeOf(snapshot), context, about: { itemId: id, title } };
  // Absences count by the item's clock, as for the audit.
  const people = { all, now: now + clockOffsetMs };
  const told = events.map(toldEvent);
  const tellings: Telling[] = told.flatMap((event) => noticesOfEvent(event, item, people));
  const actor = told.at(-1)?.actor ?? 'system';
  tellings.push(...asksOf(item.place, context, { people, about: item.about, actor }));
  return tellings.flatMap(noticesTo);
}

function toldEvent({ type, seq, payload }: OutboxEvent): ToldEvent {
  const { actor, data } = payload;
  const isData = typeof data === 'object' && data !== null;
  return {
    type,
    seq,
    actor: typeof actor === 'string' ? actor : 'system',
    data: isData ? (data as ToldEvent['data']) : payload,
  };
}
