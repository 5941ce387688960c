import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { publicationById } from '../domain/item/context.ts';
import type { Deadline } from '../domain/item/deadlines.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import { COLLECT } from './activity-options.ts';
import { type ItemRun, nowIso } from './item-run.ts';

const { collectReadings } = proxyActivities<Pick<Activities, 'collectReadings'>>(COLLECT);

/** Collects the readings of a checkpoint that is due. Without any, it waits for its next look. */
export async function measure(
  run: ItemRun,
  deadline: Extract<Deadline, { kind: 'checkpoint' }>,
): Promise<void> {
  const { workspaceId, itemId, deadlines } = run;
  const { publicationId, checkpoint, graceUntil } = deadline;
  const record = publicationById(run.snapshot.context, publicationId);
  if (record === null) return;
  const { reports } = deadlines;
  const isRecorded = await collect({
    workspaceId,
    itemId,
    publicationId,
    channelAccountId: record.channelAccountId,
    channel: record.channel,
    slotNumber: record.slotNumber,
    remoteId: record.remoteId,
    checkpoint,
    publishedAt: record.publishedAt ?? record.at,
    at: nowIso(),
  });
  const about = { at: nowIso(), publicationId, checkpoint };
  if (isRecorded) run.happen({ type: 'checkpoint_recorded', ...about });
  // Readings reported while this looked may have come too late for it to see.
  else if (deadlines.reports !== reports) return;
  else if (Date.now() >= graceUntil) run.happen({ type: 'checkpoint_missed', ...about });
  else {
    const lookAgainMs = rulesOf(run.snapshot.context).lookAgainMinutes * 60_000;
    deadlines.lookAgainAt(deadline, Math.min(graceUntil, Date.now() + lookAgainMs));
  }
}

/** A source that stays away counts as "no readings yet": the grace decides, not the source. */
async function collect(question: Parameters<typeof collectReadings>[0]): Promise<boolean> {
  try {
    return (await collectReadings(question)).recorded;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}
