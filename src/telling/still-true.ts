import { readItems } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import type { StoredItem } from '../db/item/items.ts';
import type { ClaimedSend } from '../db/telling/notice-sends.ts';
import { placeOf } from '../domain/item/run.ts';
import { waitsOf } from '../domain/telling/waits.ts';

/**
 * Why notices need not be said any more, by the id of their send: the item waits for something else, the
 * member has read it in Baton, or is gone. Those that are still worth it are not in it.
 */
export async function whyNotSaid(
  db: Db,
  { workspaceId, claimed }: { workspaceId: string; claimed: readonly ClaimedSend[] },
): Promise<Map<string, string>> {
  const itemIds = claimed.flatMap(({ notice }) =>
    notice.waitKey === null || notice.itemId === null ? [] : [notice.itemId],
  );
  const items = await readItems(db, { workspaceId, itemIds: [...new Set(itemIds)] });
  const waits = new Map(items.map((item) => [item.id, waitKeysOf(item)]));
  return new Map(
    claimed.flatMap(({ send, notice, member }): [string, string][] => {
      if (!member.active) return [[send.id, 'the member is not active']];
      if (notice.readAt !== null) return [[send.id, 'the member has read it']];
      if (notice.waitKey === null || notice.itemId === null) return [];
      const isWaiting = waits.get(notice.itemId)?.has(notice.waitKey) === true;
      return isWaiting ? [] : [[send.id, 'its cause is settled']];
    }),
  );
}

function waitKeysOf({ snapshot }: StoredItem): Set<string> {
  return new Set(waitsOf(placeOf(snapshot), snapshot.context).map(({ key }) => key));
}
