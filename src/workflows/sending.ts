import { isCancellation } from '@temporalio/workflow';
import type { PublicationOrder, PublicationOutcome } from '../domain/channel/publication-intent.ts';
import { isSending, publicationById } from '../domain/item/context.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import { isPlanned, slotEndsAt } from '../domain/item/slots.ts';
import { type ItemRun, nowIso } from './item-run.ts';
import { publish } from './publication.ts';
import { recordTogether } from './recording.ts';

/** Sends a due post, and notes what came of it. */
export async function send(run: ItemRun, publicationId: string): Promise<void> {
  run.happen({ type: 'publication_sending', at: nowIso(), publicationId });
  const order = orderFor(run, publicationId);
  if (order === null) return;
  const settled = await carryOut(run, order);
  run.happen({ type: 'publication_settled', at: nowIso(), publicationId, ...settled });
}

/** Name of the work that sends a post. */
export function sendOf(publicationId: string): string {
  return `send ${publicationId}`;
}

/**
 * The send re-checks the approvals in the tables, so it carries the events that they may not know of
 * yet; an attempt that did not say it stored them leaves that to the run.
 */
async function carryOut(run: ItemRun, order: PublicationOrder): Promise<PublicationOutcome> {
  const { backlog, work } = run;
  const posts = openPosts(run);
  backlog.leaveToOthers();
  try {
    return await publish(order, {
      posts,
      rules: rulesOf(run.snapshot.context).sends,
      hasTooMuch: () => backlog.isTooMuchFor(posts, run.snapshot),
      record: () => recordTogether(run),
      pending: () => backlog.rest(run.snapshot),
      recorded: (seq) => backlog.noteRecorded(seq),
      pause: (ms) => work.pause(sendOf(order.publicationId), ms),
    });
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
