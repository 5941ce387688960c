import { z } from 'zod';
import { intentKeyOf } from '../../domain/channel/publication-intent.ts';
import type { ItemEvent } from '../../domain/item/event.ts';
import type { Db } from '../client.ts';
import { projectEvents } from '../item/projection.ts';
import type { Projection, ProjectionBatch } from '../item/projection-batch.ts';
import { inTransaction } from '../transaction.ts';
import { resolveIntent } from './publish-intents.ts';
import { holdStatedPost } from './remote-posts.ts';

/**
 * Projects what a run reports. What a person said of a send settles its row in the send ledger, in the
 * same transaction as the event.
 * @throws as projectEvents.
 */
export function projectRun(db: Db, batch: ProjectionBatch): Promise<Projection> {
  const resolutions = batch.events.filter(({ type }) => type === 'publication.resolved');
  if (resolutions.length === 0) return projectEvents(db, batch);
  return inTransaction(db, async (tx) => {
    const projection = await projectEvents(tx, batch);
    for (const event of resolutions) await settleResolved(tx, batch, event);
    return projection;
  });
}

async function settleResolved(
  tx: Db,
  { workspaceId, itemId }: ProjectionBatch,
  { actor, at, data }: ItemEvent,
): Promise<void> {
  const said = Resolution.safeParse(data);
  if (!said.success) return;
  const { publicationId, channelAccountId, slotNumber, outcome, evidence, permalink } = said.data;
  const { remoteId } = said.data;
  const owner = { workspaceId, itemId, channelAccountId, publicationId };
  // The command was refused where another publication holds the post; of two said at once, one may come here.
  const isNamed = outcome === 'live' && remoteId !== null;
  const isOwn = isNamed && (await holdStatedPost(tx, { ...owner, remoteId }));
  await resolveIntent(tx, {
    workspaceId,
    intentKey: intentKeyOf({ workspaceId, itemId, channelAccountId, slotNumber }),
    resolution: outcome,
    remoteId: isOwn ? remoteId : null,
    permalink,
    evidence: { by: actor, saidAt: at, reason: evidence },
  });
}

/** Data of `publication.resolved`; a slot that is only moved has nothing to settle. */
const Resolution = z.object({
  publicationId: z.string(),
  channelAccountId: z.string(),
  slotNumber: z.number(),
  outcome: z.enum(['live', 'not_live', 'publish_again', 'skip']),
  evidence: z.string().nullable().default(null),
  remoteId: z.string().nullable().default(null),
  permalink: z.string().nullable().default(null),
});
