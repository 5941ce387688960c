import { isCancellation } from '@temporalio/workflow';
import type { CheckpointAnswer, CheckpointQuestion } from '../activities/measuring.ts';
import { publicationById } from '../domain/item/context.ts';
import type { Deadline } from '../domain/item/deadlines.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import { COLLECT } from './activity-options.ts';
import { type ItemRun, nowIso } from './item-run.ts';
import { activitiesOf } from './queue-activities.ts';

const MINUTE_MS = 60_000;

/**
 * Collects the readings of a checkpoint that is due. It is settled once every source has answered, or
 * when its window is over; until then those that failed are asked again.
 */
export async function measure(
  run: ItemRun,
  deadline: Extract<Deadline, { kind: 'checkpoint' }>,
): Promise<void> {
  const { workspaceId, itemId, deadlines } = run;
  const { publicationId, checkpoint, graceUntil } = deadline;
  const record = publicationById(run.snapshot.context, publicationId);
  if (record === null) return;
  const { reports } = deadlines;
  const { lookAgainMinutes, failedLookMinutes } = rulesOf(run.snapshot.context);
  const answer = await collect({
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
    // Items of earlier rules ask as they always did.
    ...(failedLookMinutes !== undefined && { until: new Date(graceUntil).toISOString() }),
  });
  // What is stored is not known: nothing is said of the checkpoint before it is.
  if (answer === null && failedLookMinutes !== undefined) {
    deadlines.lookAgainAt(deadline, Date.now() + failedLookMinutes * MINUTE_MS);
    return;
  }
  const { recorded = false, askAgainMs = null, unavailable = [] } = answer ?? {};
  const isOver = Date.now() >= graceUntil;
  const said = unavailable.length > 0 && { unavailable };
  const about = { at: nowIso(), publicationId, checkpoint, ...said };
  if (recorded && (askAgainMs === null || isOver)) {
    run.happen({ type: 'checkpoint_recorded', ...about });
  }
  // Readings reported while this looked may have come too late for it to see.
  else if (deadlines.reports !== reports) return;
  else if (isOver) run.happen({ type: 'checkpoint_missed', ...about });
  else {
    const pauseMs = askAgainMs ?? lookAgainMinutes * MINUTE_MS;
    deadlines.lookAgainAt(deadline, Math.min(graceUntil, Date.now() + pauseMs));
  }
}

/** @returns null when nobody could say what is stored: the database was away for too long. */
async function collect(question: CheckpointQuestion): Promise<CheckpointAnswer | null> {
  const { publicationId, checkpoint } = question;
  const { collectReadings } = activitiesOf('measuring', {
    ...COLLECT,
    summary: `collect readings of ${publicationId} at ${checkpoint}`,
  });
  try {
    return await collectReadings(question);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return null;
  }
}
