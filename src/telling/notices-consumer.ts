import { readItems } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import type { StoredItem } from '../db/item/items.ts';

import type { OutboxRow } from '../db/outbound/outbox.ts';
import { listMembers } from '../db/workspace/members.ts';
import { placeOf } from '../domain/item/run.ts';
import type { OutboundEventType } from '../domain/outbound/catalogue.ts';
import { asksOf } from '../domain/telling/asks.ts';
import { noticesOfEvent, type ToldEvent, type ToldItem } from '../domain/telling/events.ts';
import { type Notice, noticesTo, type Telling } from '../domain/telling/notice.ts';
import type { People } from '../domain/telling/people.ts';
import { noticesOfWorkspaceEvent } from '../domain/telling/workspace-events.ts';
import type { OutboxConsumer } from './dispatcher.ts';
import { storeNotices } from './store-notices.ts';

/**
 * Tells people what the outbox brings.
 * @param hasMail false: nothing waits for a mail server that there is not.
 */
export function createNoticesConsumer({ hasMail }: { hasMail: boolean }): OutboxConsumer {
  return {
    name: 'notices',
    async take(tx, events) {
      for (const [workspaceId, own] of Map.groupBy(events, (event) => event.workspaceId)) {
        await takeOfWorkspace(tx, { workspaceId, events: own, hasMail });
      }
    },
  };
}

async function takeOfWorkspace(
  tx: Db,
  {
    workspaceId,
    events,
    hasMail,
  }: { workspaceId: string; events: readonly OutboxRow[]; hasMail: boolean },
): Promise<void> {
  const byItem = Map.groupBy(events, (event) => (isOfItem(event) ? event.itemId : null));
  const itemIds = [...byItem.keys()].filter((itemId) => itemId !== null);
  const items = await readItems(tx, { workspaceId, itemIds });
  const members = await listMembers(tx, { workspaceId });
  const people = { all: members.filter(({ active }) => active), now: Date.now() };
  const ofItems = items.flatMap((item) =>
    noticesOfItem(item, byItem.get(item.id) ?? [], people).map((notice) => ({
      ...notice,
      itemId: item.id,
    })),
  );
  const others = (byItem.get(null) ?? []).flatMap((event) =>
    noticesOfWorkspaceEvent(toldEvent(event), people)
      .flatMap(noticesTo)
      .map((notice) => ({ ...notice, itemId: event.itemId })),
  );
  await storeNotices(tx, { workspaceId, notices: [...ofItems, ...others], members, hasMail });
}

/** A finding names its item, and is told to other people. */
function isOfItem({ seq, type }: OutboxRow): boolean {
  return seq !== null || OF_ITEMS.includes(type);
}

/** They are in no chain, and told like what is. */
const OF_ITEMS: readonly string[] = [
  'item.reminded',
  'kpi_review.verdict_flipped',
] satisfies OutboundEventType[];

/** What happened, and whom the item now waits for. */
function noticesOfItem(
  { id, title, snapshot, clockOffsetMs }: StoredItem,
  events: readonly OutboxRow[],
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

function toldEvent({ type, seq, payload }: OutboxRow): ToldEvent {
  const { actor, data } = payload;
  const isData = typeof data === 'object' && data !== null;
  return {
    type,
    seq: seq ?? 0,
    actor: typeof actor === 'string' ? actor : 'system',
    data: isData ? (data as ToldEvent['data']) : payload,
  };
}
