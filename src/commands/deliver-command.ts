import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { type QueueTurn, recordCommandError } from '../db/item/command-queues.ts';
import { type CommandRow, type CommandVerdict, storeRefusal } from '../db/item/commands.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { callWithin } from '../engine/ask.ts';
import {
  type CommandMessage,
  type CommandResult,
  type ContentItemInput,
  REFUSED,
  type RefusalDetails,
} from '../workflows/messages.ts';
import { afterFailures, isSurelyExpired } from './delivery-pace.ts';
import { projectCommand, projectStart } from './project-command.ts';
import {
  settleExpired,
  settleExpiredStart,
  settleWithoutRun,
  storeExpiry,
} from './settle-without-run.ts';

/** How long a command may wait for its verdict before the answer is "pending". */
const DELIVERY_DEADLINE_MS = 2_500;

export interface DeliveryDeps {
  db: Db;
  temporal: Client;
  taskQueue: string;
  log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Payload of a command row: what is sent to the run, the same at every attempt. */
export type StoredCommand =
  | { kind: 'command'; message: CommandMessage }
  | { kind: 'start'; input: ContentItemInput };

/** How a command is delivered that waited in the queue of its run. */
export interface FromQueue {
  queue: Pick<QueueTurn, 'turn' | 'failures'>;
  /** How long the run may take to answer. */
  withinMs: number;
}

const FIRST_DELIVERY: FromQueue = {
  queue: { turn: 0, failures: 0 },
  withinMs: DELIVERY_DEADLINE_MS,
};

/**
 * Sends a fenced command to its run and commits what came of it.
 * @returns the committed verdict; null while the outcome is unknown: the drainer settles it later.
 */
export async function deliverCommand(
  deps: DeliveryDeps,
  row: CommandRow,
  attempt: number,
  from: FromQueue = FIRST_DELIVERY,
): Promise<CommandVerdict | null> {
  try {
    return await attemptDelivery(deps, row, attempt, from);
  } catch (error) {
    await noteFailure(deps, row, attempt, { error, from });
    return null;
  }
}

async function attemptDelivery(
  deps: DeliveryDeps,
  row: CommandRow,
  attempt: number,
  { withinMs }: FromQueue,
): Promise<CommandVerdict | null> {
  const stored = payloadOf(row);
  const isOver = isSurelyExpired(row);
  if (stored.kind === 'start') {
    const { input } = stored;
    if (isOver) return settleExpiredStart(deps, row, { attempt, input });
    await startRun(deps, row.itemId, input);
    return projectStart(deps, row, input);
  }
  if (isOver) return settleExpired(deps, row, attempt);
  let result: CommandResult;
  try {
    result = await callWithin(deps.temporal, withinMs, () =>
      deps.temporal.workflow
        .getHandle(itemWorkflowId(row.itemId))
        .executeUpdate<CommandResult, [CommandMessage]>('command', {
          updateId: row.id,
          args: [stored.message],
        }),
    );
  } catch (error) {
    const refusal = refusalOf(error);
    const fenced = { workspaceId: row.workspaceId, id: row.id, attempt };
    if (refusal !== null) {
      // It was stored before it expired, so it expired because nobody answered.
      if (isExpiry(refusal)) return storeExpiry(deps, row, attempt);
      return storeRefusal(deps.db, { ...fenced, unmet: refusal.unmet, atSeq: refusal.seq });
    }
    if (error instanceof WorkflowNotFoundError) return settleWithoutRun(deps, row, attempt);
    throw error;
  }
  return projectCommand(deps, row, result);
}

/** The payload is written by this program only: insertCommand stores nothing else. */
function payloadOf(row: CommandRow): StoredCommand {
  return row.payload as unknown as StoredCommand;
}

/** An existing run is the same start: its id is the item's, and the item's id is the command's. */
async function startRun(
  { temporal, taskQueue }: DeliveryDeps,
  itemId: string,
  input: ContentItemInput,
): Promise<void> {
  try {
    await callWithin(temporal, DELIVERY_DEADLINE_MS, () =>
      temporal.workflow.start('contentItem', {
        workflowId: itemWorkflowId(itemId),
        taskQueue,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        args: [input],
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function refusalOf(error: unknown): RefusalDetails | null {
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) return null;
  return (cause.details?.[0] ?? null) as RefusalDetails | null;
}

function isExpiry({ unmet }: RefusalDetails): boolean {
  return unmet.some(({ code }) => code === 'command_expired');
}

async function noteFailure(
  { db, log }: DeliveryDeps,
  row: CommandRow,
  attempt: number,
  { error, from }: { error: unknown; from: FromQueue },
): Promise<void> {
  const { turn, failures } = from.queue;
  const reason = describe(error);
  log.warn({ commandId: row.id, itemId: row.itemId, attempt, reason }, 'command outcome unknown');
  try {
    await recordCommandError(db, {
      workspaceId: row.workspaceId,
      id: row.id,
      attempt,
      error: reason,
      queue: { turn, ...afterFailures(failures + 1) },
    });
  } catch (storeError) {
    // The lease runs out by itself; the drainer finds the row.
    log.warn({ commandId: row.id, reason: describe(storeError) }, 'command error not stored');
  }
}

/** What kind of failure it was: names and codes, no message that could hold a text of the item. */
function describe(error: unknown): string {
  if (isGrpcServiceError(error)) return `engine: gRPC code ${error.code}`;
  return describeDatabaseError(error).slice(0, 300);
}
