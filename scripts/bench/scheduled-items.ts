import type { Client } from '@temporalio/client';
import { firstEvents } from '../../src/commands/project-command.ts';
import type { Db } from '../../src/db/client.ts';
import { newId } from '../../src/db/ids.ts';
import { insertItem } from '../../src/db/item/items.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { saveBrief, saveDraft } from '../../src/db/item/versions.ts';
import { intentKeyOf, markerOf } from '../../src/domain/channel/publication-intent.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { answerOf } from '../../src/domain/item/command-answer.ts';
import type { Command } from '../../src/domain/item/commands.ts';
import { chainEvents, type ItemEvent } from '../../src/domain/item/event.ts';
import type { CommandAnswer } from '../../src/domain/item/record-schema.ts';
import { itemRowOf, outboxOf } from '../../src/domain/item/row.ts';
import { type ItemSnapshot, stepItem } from '../../src/domain/item/run.ts';
import type { ContentItemInput, ContinuedRun } from '../../src/workflows/messages.ts';
import { BATON_QUEUE } from './bench-stack.ts';
import { messageMaker, STANDARD_CONTENT, STANDARD_ITEM } from './commands.ts';
import { type Cast, inputOf } from './variants.ts';

/** How the items came to be scheduled; said with every figure that they are for. */
export const HOW_ITEMS_WERE_MADE =
  "Baton's items were taken to `scheduled` by the machine in the benchmark's own process, their rows " +
  'written by the functions that the API and the worker use, and their runs started where those rows ' +
  'stand, as after a repair (the commands were not sent one by one).';

export interface Slot {
  channelAccountId: string;
  at: string;
}

/** An item that waits for its slot, in the form that its tables and its run take it over. */
export interface ScheduledItem {
  readonly itemId: string;
  /** What its post will be found by in the ledger. */
  readonly marker: string;
  readonly input: ContentItemInput;
  /** Where its run is started. */
  readonly continued: ContinuedRun;
  readonly snapshot: ItemSnapshot;
  readonly events: ItemEvent[];
}

/** Makes items by the steps of a standard item and its plan, with the machine that the runs have. */
export function scheduledItemMaker(cast: Cast): (slot: Slot) => ScheduledItem {
  const messageOf = messageMaker(cast.facts);
  return (slot) => {
    const itemId = newId('item');
    const start = inputOf(cast, itemId);
    const { at } = start.item;
    let { snapshot, events } = firstEvents(start);
    const seen: [id: string, answer: CommandAnswer][] = [];
    const commands = STANDARD_ITEM.map((step, index): Command => {
      const { memberId } = cast.members[step.role];
      const sent = { id: `bench:${itemId}:${index}`, memberId, itemId };
      return { ...messageOf(step, sent), at } as Command;
    });
    for (const command of [...commands, planOf(cast, itemId, slot, at)]) {
      const { snapshot: next, records } = stepItem(snapshot, command);
      // A command that is not allowed records nothing.
      if (records.length === 0) throw new Error(`${command.type} is refused: nothing to measure`);
      const named = records.map((record, index) =>
        index === 0 ? { ...record, data: { commandId: command.id, ...record.data } } : record,
      );
      const stamp = { at, actor: command.actor.memberId };
      snapshot = next;
      events = [...events, ...chainEvents(headOf(events), named, stamp)];
      seen.push([command.id, answerOf(command, snapshot, events.length)]);
    }
    const continued = { snapshot, head: headOf(events), seen, unprojected: [] };
    const marker = markerFor(cast.workspaceId, itemId, snapshot);
    return { itemId, marker, input: start, continued, snapshot, events };
  };
}

function planOf(cast: Cast, itemId: string, slot: Slot, at: string): Command<'plan_schedule'> {
  const { channelAccountId } = slot;
  const local = slot.at.slice(0, 16);
  return {
    type: 'plan_schedule',
    id: `bench:${itemId}:plan`,
    at,
    actor: {
      memberId: cast.members.social_media_manager.memberId,
      roles: ['social_media_manager'],
      platformTags: { sandbox: 3 },
      backupFor: [],
    },
    refs: { publications: [{ ...slot, channel: 'sandbox', local, zone: 'UTC' }] },
    facts: { slots: [{ channelAccountId, problems: [], warnings: [] }] },
  };
}

function headOf(events: readonly ItemEvent[]): { seq: number; hash: string } {
  const last = events.at(-1);
  if (last === undefined) throw new RangeError('an item has at least its first event');
  return { seq: last.seq, hash: last.hash };
}

function markerFor(workspaceId: string, itemId: string, { context }: ItemSnapshot): string {
  const [publication] = context.publications;
  if (publication === undefined) throw new Error(`${itemId} has no publication`);
  const { channelAccountId, slotNumber } = publication;
  return markerOf(intentKeyOf({ workspaceId, itemId, channelAccountId, slotNumber }));
}

/** Every row that the item would have by now, but for its commands. */
export async function storeScheduledItem(db: Db, item: ScheduledItem): Promise<void> {
  const { itemId, input, snapshot, events } = item;
  const { workspaceId, playbook, team } = input.item;
  const { seq: _seq, closedAt: _closed, ...first } = itemRowOf(firstEvents(input).snapshot, 0);
  await insertItem(db, {
    ...first,
    id: itemId,
    workspaceId,
    title: 'Bench',
    campaignId: null,
    playbookName: playbook.name,
    playbookVersion: playbook.version,
    createdBy: input.actor,
  });
  const { brief, draft } = STANDARD_CONTENT;
  await saveBrief(db, { workspaceId, itemId, ...brief, authorId: input.actor });
  await saveDraft(db, { workspaceId, itemId, ...draft, authorId: team.creator ?? input.actor });
  await projectEvents(db, {
    workspaceId,
    itemId,
    events,
    item: itemRowOf(snapshot, headOf(events).seq),
    outbox: outboxOf(itemId, events),
  });
}

/** @returns the id of the run's workflow. */
export async function startScheduledItem(
  temporal: Client,
  { itemId, input, continued }: ScheduledItem,
): Promise<string> {
  const workflowId = itemWorkflowId(itemId);
  await temporal.workflow.start('contentItem', {
    workflowId,
    taskQueue: BATON_QUEUE,
    args: [{ item: input.item, continued }],
  });
  return workflowId;
}
