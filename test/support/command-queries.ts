import { listAppliedCommands, listUnansweredCommands } from '../../src/db/audit/commands.ts';
import { readCommandStates, restoreCommand } from '../../src/db/audit/recovery.ts';
import type { Db } from '../../src/db/client.ts';
import * as queues from '../../src/db/item/command-queues.ts';
import { insertCommand } from '../../src/db/item/commands.ts';
import { findSubmittedDraft } from '../../src/db/item/item-events.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { findSameDelivery } from '../../src/db/workspace/webhook-endpoints.ts';
import { chainEvents, GENESIS_HASH } from '../../src/domain/item/event.ts';
import { makeCommand, makeItem } from './db-fixture.ts';
import type { FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

export type FilledCommands = Awaited<ReturnType<typeof fillCommands>>;

/**
 * An item with one command that waits in its queue and one that does not yet, and one whose run has
 * applied a command that nobody answered.
 */
export async function fillCommands(db: Db, { own: workspaceId, ids }: FilledWorkspace) {
  const { memberId, itemId: answeredItemId } = ids;
  const workspace = { workspaceId, memberOf: () => memberId };
  const { id: itemId } = await makeItem(db, workspace);
  const { id: queuedId } = await makeCommand(db, workspace, itemId);
  await queues.joinQueues(db, { workspaceId, commandIds: [queuedId] });
  const { id: freeId } = await makeCommand(db, workspace, itemId);
  const { id: unansweredItemId } = await makeItem(db, workspace);
  const { id: commandId } = await makeCommand(db, workspace, unansweredItemId);
  const events = chainEvents(
    { seq: 0, hash: GENESIS_HASH },
    [
      { type: 'draft.saved', data: { hash: 'h', commandId } },
      { type: 'review.submitted', data: { contentHash: 'h', commandId } },
    ],
    { at: '2026-03-02T08:00:00.000Z', actor: memberId },
  );
  await projectEvents(db, { workspaceId, itemId: unansweredItemId, events });
  return { workspaceId, itemId, queuedId, freeId, unansweredItemId, answeredItemId, memberId };
}

/** Each query of commands, asked by a workspace. */
export function commandReads(db: Db, filled: FilledCommands): Record<string, Read> {
  const { itemId, unansweredItemId, answeredItemId } = filled;
  const delivery = { endpointId: 'key_test', bodyHash: 'b'.repeat(64) };
  const draft = { itemId: unansweredItemId, contentHash: 'h' };
  return {
    listAppliedCommands: (workspaceId) =>
      listAppliedCommands(db, { workspaceId, itemId: answeredItemId }),
    listUnansweredCommands: (workspaceId) =>
      listUnansweredCommands(db, { workspaceId, itemId: unansweredItemId }),
    findSameDelivery: (workspaceId) => findSameDelivery(db, { workspaceId, itemId, ...delivery }),
    readCommandStates: async (workspaceId) => [
      ...(await readCommandStates(db, { workspaceId, itemId })),
    ],
    firstInLine: (workspaceId) => queues.firstInLine(db, { workspaceId, itemId }),
    findSubmittedDraft: (workspaceId) => findSubmittedDraft(db, { workspaceId, ...draft }),
  };
}

/** The same with what changes them, on what is the filled workspace's own. */
export function commandAttempts(
  db: Db,
  filled: FilledCommands,
): Record<string, () => Promise<unknown>> {
  const { workspaceId, itemId, queuedId, freeId, memberId } = filled;
  const item = { workspaceId, itemId };
  const turn = { ...item, turn: 0, failures: 0, isSilent: false };
  const hold = { ...item, actorId: memberId, type: 'hold', payload: {} };
  return {
    ...attemptsOf(commandReads(db, filled), filled),
    insertCommand: () =>
      insertCommand(db, {
        ...hold,
        id: 'http:key_x:1',
        source: 'http',
        bodyHash: 'b',
        expiresAt: new Date().toISOString(),
      }),
    restoreCommand: () =>
      restoreCommand(db, {
        ...hold,
        id: 'http:key_x:stolen',
        answer: { seq: 1, stage: 'on_hold', substage: null },
        at: '2026-01-01T00:00:00.000Z',
      }),
    recordCommandError: () =>
      queues.recordCommandError(db, {
        workspaceId,
        id: queuedId,
        attempt: 0,
        error: 'x',
        queue: { turn: 0, failures: 1, isSilent: true, pauseMs: 1 },
      }),
    takeTurns: () => queues.takeTurns(db, { workspaceId, itemIds: [itemId], leaseMs: 1 }),
    joinQueues: () => queues.joinQueues(db, { workspaceId, commandIds: [freeId] }),
    leaveQueue: () => queues.leaveQueue(db, turn),
    postponeQueue: () => queues.postponeQueue(db, turn, { pauseMs: 1 }),
  };
}
