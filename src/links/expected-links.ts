import type { Db } from '../db/client.ts';
import type { ItemKey } from '../db/item/items.ts';
import { readLinkGround } from '../db/publishing/outgoing-links.ts';
import { getChannelAccount } from '../db/workspace/channel-accounts.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import type { Draft } from '../domain/item/content/draft.ts';
import { type ItemContext, submittedContent } from '../domain/item/context.ts';
import { IN_FLIGHT_STATES, WAITING_STATES } from '../domain/item/publication-states.ts';
import { outgoingLink, ownHostOf } from '../domain/links/outgoing-link.ts';

/** A link as it will be sent. */
export interface ExpectedLink {
  channel: ChannelId;
  /** Null until a slot is planned. */
  publicationId: string | null;
  written: string;
  /** Null for a short link until a slot is planned: its code is made of the publication. */
  address: string | null;
  target: string;
}

/** Stands for the id of a publication to come. */
const TO_COME = 'PUBLICATION';
const TO_BE_SENT = [...WAITING_STATES, ...IN_FLIGHT_STATES];

/** What becomes of each link of the item's draft, for each of its publications that are still to go out. */
export async function expectedLinks(
  db: Db,
  { draft, context, ...key }: ItemKey & { draft: Draft; context: ItemContext },
): Promise<ExpectedLink[]> {
  const { workspaceId } = key;
  const ground = await readLinkGround(db, {
    ...key,
    title: draft.title,
    contentHash: submittedContent(context),
  });
  const found: ExpectedLink[] = [];
  for (const { channel, link: written } of draft.variants) {
    if (written === undefined) continue;
    const planned = context.publications.filter(
      (one) => one.channel === channel && TO_BE_SENT.includes(one.state),
    );
    for (const { id: publicationId, channelAccountId } of planned) {
      const account = await getChannelAccount(db, { workspaceId, channelAccountId });
      const ownHost = account === null ? null : ownHostOf(account);
      const sent = outgoingLink(ground, { channel, written, publicationId, ownHost });
      const { target = written, address = written } = sent ?? {};
      found.push({ channel, publicationId, written, address, target });
    }
    if (planned.length > 0) continue;
    const sent = outgoingLink(ground, { channel, written, publicationId: TO_COME });
    const { target = written, address = written } = sent ?? {};
    const isShort = address !== target;
    found.push({
      channel,
      publicationId: null,
      written,
      address: isShort ? null : address,
      target,
    });
  }
  return found;
}
