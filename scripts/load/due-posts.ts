import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chainEvents } from '../../src/domain/item/event.ts';
import { stepItem } from '../../src/domain/item/run.ts';
import { inLanes } from '../bench/lanes.ts';
import { ledgerReader } from '../bench/ledger-reader.ts';
import {
  type ScheduledItem,
  scheduledItemMaker,
  startScheduledItem,
  storeScheduledItem,
} from '../bench/scheduled-items.ts';
import type { Figure } from './figure.ts';
import type { LoadGround } from './ground.ts';

const LANES = 8;
const LATE_BY_MS = 2_000;
const HANG_MS = 30_000;
/** Time for the questions to take every slot before a post is due. */
const LEAD_MS = 8_000;
/** The window of the first checkpoint, after an hour, is an hour long. */
const AGE_MS = 75 * 60_000;
const GIVE_UP_MS = 120_000;

/** How late posts are while every question for readings hangs. */
export async function measureDuePosts(
  ground: LoadGround,
  { measuring, posts }: { measuring: number; posts: number },
): Promise<Figure[]> {
  const { stack, temporal, database, cast, channelAccountId, readings } = ground;
  const ledger = ledgerReader(join(stack.sandboxDirectory, 'ledger.jsonl'));
  ledger.newLines();
  const makeItem = scheduledItemMaker(cast);
  const bring = async (item: ScheduledItem) => {
    await storeScheduledItem(database.db, item);
    await startScheduledItem(temporal, item);
  };
  readings.hang();
  try {
    await inLanes(LANES, measuring, () => bring(publishedItem(makeItem, channelAccountId)));
    const began = Date.now();
    const due = began + LEAD_MS;
    const markers = new Set<string>();
    await inLanes(LANES, posts, async () => {
      const item = makeItem({ channelAccountId, at: new Date(due).toISOString() });
      markers.add(item.marker);
      await bring(item);
    });
    await delay(Math.max(0, due - Date.now()));
    const hanging = readings.waiting();
    if (hanging === 0) throw new Error('no question for readings hangs: nothing is measured');
    const sentAt = new Map<string, number>();
    while (sentAt.size < posts && Date.now() < due + GIVE_UP_MS) {
      for (const { marker, at } of ledger.newLines()) {
        if (markers.has(marker) && !sentAt.has(marker)) sentAt.set(marker, Date.parse(at));
      }
      if (Date.now() > began + HANG_MS) readings.release();
      await delay(50);
    }
    const late = [...sentAt.values()].map((at) => at - due);
    const value = sentAt.size < posts ? GIVE_UP_MS : Math.max(...late);
    return [
      {
        what: `a due post is late, the latest of ${posts}, while ${hanging} readings hang`,
        value,
        limit: LATE_BY_MS,
        unit: 'ms',
      },
    ];
  } finally {
    readings.release();
  }
}

/** An item whose post is in the window of its first checkpoint: its run asks for readings at once. */
function publishedItem(
  makeItem: (slot: { channelAccountId: string; at: string }) => ScheduledItem,
  channelAccountId: string,
): ScheduledItem {
  const at = new Date(Date.now() + 1_000).toISOString();
  const item = makeItem({ channelAccountId, at });
  const [publication] = item.snapshot.context.publications;
  const publicationId = publication?.id ?? '';
  let { snapshot, events } = item;
  const publishedAt = new Date(Date.now() - AGE_MS).toISOString();
  for (const event of [
    { type: 'publication_due', at, publicationId },
    { type: 'publication_sending', at, publicationId },
    {
      type: 'publication_settled',
      at,
      publicationId,
      outcome: 'published',
      remoteId: `sbx_${publicationId}`,
      publishedAt,
    },
  ] as const) {
    const step = stepItem(snapshot, event);
    const last = events.at(-1);
    const head = { seq: last?.seq ?? 0, hash: last?.hash ?? '' };
    snapshot = step.snapshot;
    const stamp = { at, actor: 'system', commandId: null };
    events = [...events, ...chainEvents(head, step.records, stamp)];
  }
  const last = events.at(-1);
  const head = { seq: last?.seq ?? 0, hash: last?.hash ?? '' };
  const continued = { snapshot, head, seen: [], unprojected: [] };
  return { ...item, snapshot, events, continued };
}
