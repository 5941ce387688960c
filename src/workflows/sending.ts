import { isCancellation } from '@temporalio/workflow';
import type { PublicationOrder, PublicationOutcome } from '../domain/channel/publication-intent.ts';
import { isSending, publicationById } from '../domain/item/context.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import { isSuperseded } from '../domain/item/moves/publication.ts';
import { isPlanned, slotEndsAt } from '../domain/item/slots.ts';
import { type ItemRun, nowIso } from './item-run.ts';
import type { WaitingSend } from './messages.ts';
import { publish, type SendingRun } from './publication.ts';
import { recordTogether } from './recording.ts';

/** Sends a due post, or goes on with one that a lost run was sending, and notes what came of it. */
export async function send(run: ItemRun, publicationId: string): Promise<void> {
  const begun = publicationById(run.snapshot.context, publicationId)?.state === 'sending';
  if (!begun) run.happen({ type: 'publication_sending', at: nowIso(), publicationId });
  const order = orderFor(run, publicationId);
  if (order === null) return;
  settle(run, publicationId, await carryOut(run, order, { begun }));
}

/** Goes on with a post that waited for its next attempt when the run before this one ended. */
export async function resumeSend(run: ItemRun, waiting: WaitingSend): Promise<void> {
  const { publicationId } = waiting;
  const order = orderFor(run, publicationId);
  if (order !== null)
    settle(run, publicationId, await carryOut(run, order, { begun: false, waiting }));
}

function settle(run: ItemRun, publicationId: string, settled: PublicationOutcome): void {
  const superseded =
    settled.outcome === 'hash_mismatch' && isSuperseded(run.snapshot.context, publicationId);
  run.happen({
    type: 'publication_settled',
    at: nowIso(),
    publicationId,
    ...settled,
    ...(superseded && { superseded }),
  });
}

/** Name of the work that sends a post. */
export function sendOf(publicationId: string): string {
  return `send ${publicationId}`;
}

/**
 * The send re-checks the approvals in the tables, so it carries the events that they may not know of
 * yet; an attempt that did not say it stored them leaves that to the run.
 */
async function carryOut(
  run: ItemRun,
  order: PublicationOrder,
  { begun, waiting }: { begun: boolean; waiting?: WaitingSend },
): Promise<PublicationOutcome> {
  const { publicationId } = order;
  const { backlog, work, waitingSends } = run;
  const posts = openPosts(run);
  // The first attempt is at once; before a later one the run may have long carried them itself.
  if (waiting === undefined) backlog.leaveToOthers();
  const sending: SendingRun = {
    begun,
    posts,
    rules: rulesOf(run.snapshot.context).sends,
    hasTooMuch: () => backlog.isTooMuchFor(posts, run.snapshot),
    record: () => recordTogether(run),
    pending: () => backlog.rest(run.snapshot),
    recorded: (seq) => backlog.noteRecorded(seq),
    async pause(ms, progress) {
      const until = Date.now() + ms;
      waitingSends.set(publicationId, { publicationId, until, ...progress });
      try {
        await work.pause(sendOf(publicationId), ms);
      } finally {
        waitingSends.delete(publicationId);
      }
    },
  };
  try {
    return await publish(order, sending, waiting);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: 'the run of the send ended without an answer' };
  } finally {
    backlog.askForRest();
  }
}

/** Posts that are, or may come to be, in flight beside one another. */
function openPosts({ snapshot: { context } }: ItemRun): number {
  return context.publications.filter((record) => isPlanned(record) || isSending(record)).length;
}

function orderFor(
  { workspaceId, itemId, snapshot: { context } }: ItemRun,
  publicationId: string,
): PublicationOrder | null {
  const record = publicationById(context, publicationId);
  if (record === null) return null;
  return {
    workspaceId,
    itemId,
    publicationId,
    channelAccountId: record.channelAccountId,
    channel: record.channel,
    slotNumber: record.slotNumber,
    contentHash: record.contentHash ?? '',
    briefHash: context.brief?.hash ?? '',
    draftHash: context.draft?.hash ?? '',
    dueAt: record.at,
    sendUntil: new Date(slotEndsAt(record, context.playbook)).toISOString(),
  };
}
