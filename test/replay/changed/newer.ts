import { condition, setHandler } from '@temporalio/workflow';
import { chainEvents } from '../../../src/domain/item/event.ts';
import { MACHINE_VERSION } from '../../../src/domain/item/item.machine.ts';
import {
  type ContentItemInput,
  type ContinuedRun,
  commandUpdate,
} from '../../../src/workflows/messages.ts';

export { historyArchive } from '../../../src/workflows/history-archive.ts';

/** A run of a newer release: whatever it is told, it takes the item to a place that this one does not know. */
export async function contentItem({ continued }: ContentItemInput): Promise<void> {
  setHandler(commandUpdate, ({ id }) => answerTo(id, continued));
  await condition(() => false);
}

function answerTo(commandId: string, continued: ContinuedRun | undefined) {
  if (continued === undefined) throw new TypeError('the run goes on from a row');
  const { head, snapshot } = continued;
  const stamp = { at: new Date(Date.now()).toISOString(), actor: 'system', commandId };
  const events = chainEvents(head, [{ type: 'item.resumed', data: {} }], stamp);
  return {
    answer: { seq: head.seq + 1, stage: 'review' as const, substage: 'legal' },
    events,
    snapshot: { ...snapshot, machineVersion: MACHINE_VERSION + 1, value: { review: 'legal' } },
  };
}
