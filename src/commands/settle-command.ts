import { setTimeout as delay } from 'node:timers/promises';
import { takeTurns } from '../db/item/command-queues.ts';
import {
  type CommandRow,
  type CommandVerdict,
  getCommand,
  isSameRequest,
  takeFence,
  verdictOf,
} from '../db/item/commands.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { CommandOutcome } from './command-outcome.ts';
import { type DeliveryDeps, deliverCommand } from './deliver-command.ts';
import type { Bulkhead } from './queue/bulkhead.ts';
import { TURN_LEASE_MS, workQueue } from './queue/work-queue.ts';

/** The right to send a command; longer than the deadline of a delivery. */
export const FENCE_MS = 3_500;
/** How long someone who did not get the fence waits for the other sender's verdict. */
const POLL_FOR_MS = 2_500;
const POLL_EVERY_MS = 40;
/** A run that did not answer is asked again for a person's sake, but not more often than this. */
const AGAIN_AFTER_MS = 15_000;

export type SenderDeps = DeliveryDeps & { bulkhead: Bulkhead };

/** The same id again: another body is a conflict, a stored verdict is the answer. */
export async function repeat(
  deps: SenderDeps,
  request: { commandId: string; bodyHash: string; type: string },
  row: CommandRow,
): Promise<CommandOutcome> {
  if (!isSameRequest(row, request)) {
    return { outcome: 'idempotency_conflict', commandId: request.commandId };
  }
  if (row.state !== 'pending') return outcomeOf(row.id, verdictOf(row));
  const leave = await deps.bulkhead.enter(row);
  if (leave === null) return outcomeOf(row.id, null);
  try {
    return await settle(deps, row);
  } finally {
    leave();
  }
}

/** From a place in the bulkhead. */
export async function settle(deps: DeliveryDeps, row: CommandRow): Promise<CommandOutcome> {
  return outcomeOf(
    row.id,
    await (row.isQueued ? settleInLine(deps, row) : settleAtOnce(deps, row)),
  );
}

export function outcomeOf(commandId: string, verdict: CommandVerdict | null): CommandOutcome {
  if (verdict === null) return { outcome: 'pending', commandId };
  return verdict.state === 'applied'
    ? { outcome: 'applied', commandId, answer: answerIn(verdict.answer) }
    : { outcome: 'refused', commandId, unmet: verdict.unmet };
}

/** Applied rows hold what project-command.ts stored as their answer. */
function answerIn(answer: Record<string, unknown>): CommandAnswer {
  return answer as unknown as CommandAnswer;
}

async function settleAtOnce(deps: DeliveryDeps, row: CommandRow): Promise<CommandVerdict | null> {
  const key = { workspaceId: row.workspaceId, id: row.id };
  const attempt = await takeFence(deps.db, { ...key, leaseMs: FENCE_MS });
  return attempt === null ? pollVerdict(deps, row) : deliverCommand(deps, row, attempt);
}

/**
 * Others came before it, and the run answers only one at a time. Where its queue may be worked now, they
 * are sent up to this one; else the drainer does it later.
 */
async function settleInLine(deps: DeliveryDeps, row: CommandRow): Promise<CommandVerdict | null> {
  const { workspaceId, itemId, id } = row;
  const asked = { leaseMs: TURN_LEASE_MS, againAfterMs: AGAIN_AFTER_MS };
  const [turn] = await takeTurns(deps.db, { workspaceId, itemIds: [itemId], ...asked });
  if (turn !== undefined) await workQueue(deps, turn, { upTo: id });
  const current = await getCommand(deps.db, { workspaceId, id });
  return current === null ? null : verdictOf(current);
}

async function pollVerdict(
  { db }: DeliveryDeps,
  { workspaceId, id }: CommandRow,
): Promise<CommandVerdict | null> {
  const until = Date.now() + POLL_FOR_MS;
  while (Date.now() < until) {
    await delay(POLL_EVERY_MS);
    const current = await getCommand(db, { workspaceId, id });
    const verdict = current === null ? null : verdictOf(current);
    if (verdict !== null || current?.isQueued !== false) return verdict;
  }
  return null;
}
