import type { Actor } from '../../../src/domain/item/context.ts';
import type { ItemEvent } from '../../../src/domain/item/event.ts';
import { chainEvents, GENESIS_HASH } from '../../../src/domain/item/event.ts';
import { type ItemRow, itemRowOf } from '../../../src/domain/item/row.ts';
import { type ItemSnapshot, stepItem } from '../../../src/domain/item/run.ts';
import { itemInput, TestRun } from '../../../test/machine/item-fixture.ts';

const STEP_MS = 60_000;

/** What a run has told of itself up to each event. */
export interface LongRun {
  events: ItemEvent[];
  /** The row after each event, by its seq; 0 is before the first. */
  rowAt(seq: number): ItemRow;
}

/** The same run for whoever computes it: an item whose strategist gives its brief more time again and again. */
export function longRunOf(
  { itemId, workspaceId, memberId }: { itemId: string; workspaceId: string; memberId: string },
  length: number,
): LongRun {
  const strategist: Actor = {
    memberId,
    roles: ['strategist'],
    platformTags: {},
    backupFor: [],
  };
  const team = { strategist: memberId, creator: null, social_media_manager: null };
  const run = new TestRun(itemInput({ itemId, workspaceId, team }));
  const events = [...run.events];
  const snapshots: ItemSnapshot[] = Array.from({ length: events.length + 1 }, () => run.snapshot);
  let { snapshot } = run;
  for (let number = 1; events.length < length; number += 1) {
    const at = new Date(Date.parse(run.at) + number * STEP_MS).toISOString();
    const id = `http:key_writer:${itemId}:${number}`;
    const refs = { reason: `more time, number ${number}` };
    const step = stepItem(snapshot, { type: 'extend', id, actor: strategist, refs, facts: {}, at });
    const head = events.at(-1) ?? { seq: 0, hash: GENESIS_HASH };
    snapshot = step.snapshot;
    for (const event of chainEvents(head, step.records, { at, actor: memberId, commandId: id })) {
      events.push(event);
      snapshots.push(snapshot);
    }
  }
  return {
    events,
    rowAt(seq) {
      const at = snapshots[seq];
      if (at === undefined) throw new RangeError(`the run has no event ${seq}`);
      return itemRowOf(at, seq);
    },
  };
}
