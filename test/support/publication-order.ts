import type { PublicationOrder } from '../../src/domain/channel/publication-intent.ts';
import { slotEndsAt } from '../../src/domain/item/slots.ts';
import type { ItemEngine } from './item-engine.ts';

/** The order of the item's latest slot, as its run would give it. */
export async function orderOf(engine: ItemEngine, itemId: string): Promise<PublicationOrder> {
  const { brief, draft, playbook, publications } = await engine.context(itemId);
  const record = publications.at(-1);
  if (record === undefined) throw new Error(`${itemId} has no publication`);
  return {
    workspaceId: engine.workspace.workspaceId,
    itemId,
    publicationId: record.id,
    channelAccountId: record.channelAccountId,
    channel: record.channel,
    slotNumber: record.slotNumber,
    contentHash: record.contentHash ?? '',
    briefHash: brief?.hash ?? '',
    draftHash: draft?.hash ?? '',
    dueAt: record.at,
    sendUntil: new Date(slotEndsAt(record, playbook)).toISOString(),
  };
}
