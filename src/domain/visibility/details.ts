import { dueAtOf } from '../item/clock.ts';
import type { ItemContext } from '../item/context.ts';
import { type Deadline, deadlinesOf } from '../item/deadlines.ts';
import { waitingOn } from '../item/responsible.ts';
import { type ItemSnapshot, placeOf } from '../item/run.ts';
import { type Place, stageOf } from '../item/stages.ts';
import type { ItemInput } from '../item/start.ts';
import { LABELS_EN } from '../labels/en.ts';

/** One line about a run that never changes. The engine keeps it for the first run of an item only. */
export function summaryOf({
  itemId,
  workspaceId,
  campaign,
}: Pick<ItemInput, 'itemId' | 'workspaceId' | 'campaign'>): string {
  const where = campaign === null ? '' : `, campaign ${campaign.id}`;
  return `Content item ${itemId} of workspace ${workspaceId}${where}`;
}

/** Where an item stands, in words for whoever looks at its run in the engine's UI. No text of anybody's. */
export function detailsOf(snapshot: ItemSnapshot): string {
  const place = placeOf(snapshot);
  const { context } = snapshot;
  const { stages, roles } = LABELS_EN;
  const due = dueAtOf(context);
  const since = waitingSince(place, context);
  const lines = waitingOn(place, context).map(
    ({ role, for: command }) =>
      `Waits for ${roles[role]} (${command}) since ${since}${due === null ? '' : `, due ${due}`}`,
  );
  const [next] = deadlinesOf(place, context);
  if (next !== undefined) lines.push(`Next by itself: ${deadlineText(next)}`);
  const stage = `${stages[stageOf(place)]} since ${context.stageEnteredAt}`;
  return [summaryOf(context), stage, ...lines].join('\n\n');
}

function deadlineText({ kind, at }: Pick<Deadline, 'kind' | 'at'>): string {
  return `${kind.replaceAll('_', ' ')} at ${new Date(at).toISOString()}`;
}

/** Since when an item waits for the people it waits for. */
function waitingSince(place: Place, context: ItemContext): string {
  if (place === 'on_hold') return context.held?.at ?? context.stageEnteredAt;
  const { handoffs, stageEnteredAt } = context;
  const last = handoffs.at(-1);
  const movedAt = last?.decidedAt ?? last?.offeredAt ?? stageEnteredAt;
  const isInStage = movedAt > stageEnteredAt;
  return isInStage ? movedAt : stageEnteredAt;
}
