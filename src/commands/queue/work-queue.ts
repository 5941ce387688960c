import {
  firstInLine,
  leaveQueue,
  postponeQueue,
  type QueueTurn,
} from '../../db/item/command-queues.ts';
import { takeFence } from '../../db/item/commands.ts';
import { type DeliveryDeps, deliverCommand } from '../deliver-command.ts';

/** How long a run may take to answer a command that waited. It goes on working; the next attempt hears it. */
const ANSWER_WITHIN_MS = 1_000;
/** Whoever has a turn gives it back after so long, between two commands. */
const TURN_MS = 2_000;
/** Longer than a turn with its last command. */
export const TURN_LEASE_MS = 6_000;
/** When to look again at a command that somebody else is sending. */
const IN_HANDS_MS = 1_000;

/**
 * Sends the commands that wait for one run, in the order they came, one at a time, until one gets no
 * answer.
 * @param upTo id of the last one to send.
 */
export async function workQueue(
  deps: DeliveryDeps,
  turn: QueueTurn,
  { upTo }: { upTo?: string } = {},
): Promise<void> {
  const until = Date.now() + TURN_MS;
  let queue = turn;
  while (Date.now() < until) {
    const row = await firstInLine(deps.db, turn);
    if (row === null) break;
    const { workspaceId, id } = row;
    const attempt = await takeFence(deps.db, { workspaceId, id });
    if (attempt === null) return postponeQueue(deps.db, turn, { pauseMs: IN_HANDS_MS });
    const from = { queue, withinMs: ANSWER_WITHIN_MS };
    // Its failure has given the turn back.
    if ((await deliverCommand(deps, row, attempt, from)) === null) return;
    if (id === upTo) break;
    queue = { ...turn, failures: 0 };
  }
  await leaveQueue(deps.db, turn);
}
