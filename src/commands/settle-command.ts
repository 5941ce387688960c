import { setTimeout as delay } from 'node:timers/promises';
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

/** The right to send a command; longer than the deadline of a delivery. */
export const FENCE_MS = 3_500;
/** How long someone who did not get the fence waits for the other sender's verdict. */
const POLL_FOR_MS = 2_500;
const POLL_EVERY_MS = 40;

/** The same id again: another body is a conflict, a stored verdict is the answer. */
export async function repeat(
  deps: DeliveryDeps,
  request: { commandId: string; bodyHash: string; type: string },
  row: CommandRow,
): Promise<CommandOutcome> {
  if (!isSameRequest(row, request)) {
    return { outcome: 'idempotency_conflict', commandId: request.commandId };
  }
  return settle(deps, row);
}

export async function settle(deps: DeliveryDeps, row: CommandRow): Promise<CommandOutcome> {
  const verdict = verdictOf(row) ?? (await obtainVerdict(deps, row));
  return outcomeOf(row.id, verdict);
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

async function obtainVerdict(deps: DeliveryDeps, row: CommandRow): Promise<CommandVerdict | null> {
  const key = { workspaceId: row.workspaceId, id: row.id };
  const attempt = await takeFence(deps.db, { ...key, leaseMs: FENCE_MS });
  if (attempt !== null) return deliverCommand(deps, row, attempt);
  const until = Date.now() + POLL_FOR_MS;
  while (Date.now() < until) {
    await delay(POLL_EVERY_MS);
    const current = await getCommand(deps.db, key);
    const verdict = current === null ? null : verdictOf(current);
    if (verdict !== null) return verdict;
  }
  return null;
}
