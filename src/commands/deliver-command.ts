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

import { findEventsOfCommand } from '../db/item/item-events.ts';
import { readRowHead } from '../db/item/items.ts';

import { itemWorkflowId } from '../domain/ids.ts';
import type { Divergence } from '../domain/item/divergence.ts';
import { fairnessOf } from '../domain/task-queues.ts';
import { askUntil, callWithin } from '../engine/ask.ts';
import { inTrace } from '../health/span.ts';
import {
  type CommandMessage,
  type CommandResult,
  type ContentItemInput,
  FORGOTTEN,
  type LookUp,
  REFUSED,
  type RefusalDetails,
  ROW_DIVERGED,
  type SentCommand,
} from '../workflows/messages.ts';
import { projectCommand, projectStart } from './project-command.ts';
import { afterFailures, isSurelyExpired } from './queue/delivery-pace.ts';
import {
  settleExpired,
  settleExpiredStart,
  settleFromChain,
  settleWithoutRun,
  storeExpiry,
} from './settle-without-run.ts';
import { shownAtStart } from './shown-at-start.ts';

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
  /** Told of each verdict, and how long after its command it came. */
  noteVerdict?: (verdict: { verdict: CommandVerdict['state']; ms: number }) => void;
}

/** Payload of a command row: what is sent to the run, the same at every attempt but for where the row stands. */
export type StoredCommand =
  | {
      kind: 'command';
      message: CommandMessage;
      /** Nobody stated how long it is valid. */
      hasDefaultLife?: boolean;
    }
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
    const verdict = await inTrace(row.traceId, () => attemptDelivery(deps, row, attempt, from));
    if (verdict !== null) {
      const ms = Date.parse(verdict.settledAt) - Date.parse(row.createdAt);
      deps.noteVerdict?.({ verdict: verdict.state, ms });
    }
    return verdict;
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
  const head = await readRowHead(deps.db, row);
  const message = head === null ? stored.message : { ...stored.message, row: head };
  // Of a command that was never sent before the tables know nothing. The seq was read first: whatever
  // was applied up to there is among the events that are read now.
  const lookUp = attempt > 1 ? await lookUpCommand(deps.db, row, head?.seq ?? 0) : undefined;
  // Both sends together: the fence is not held for longer.
  const until = Date.now() + withinMs;
  const send = (sent: SentCommand) =>
    askUntil(deps.temporal, until, () =>
      deps.temporal.workflow
        .getHandle(itemWorkflowId(row.itemId))
        .executeUpdate<CommandResult, [SentCommand, LookUp?]>('command', {
          updateId: row.id,
          args: lookUp === undefined ? [sent] : [sent, lookUp],
        }),
    );
  let result: CommandResult;
  try {
    result = await send(message).catch((error: unknown) => {
      const refusal = refusalOf(error);
      const leftMs = Date.parse(row.expiresAt) - Date.now();
      const isValid = stored.hasDefaultLife === true && leftMs > 0;
      if (refusal === null || !isExpiry(refusal) || !isValid) throw error;
      // The run's clock is further ahead than its row says (time travel): the rest of the day counts from there.
      const expiresAt = new Date(Date.parse(refusal.at) + leftMs).toISOString();
      return send({ ...message, expiresAt });
    });
  } catch (error) {
    const refusal = refusalOf(error);
    const fenced = { workspaceId: row.workspaceId, id: row.id, attempt };
    if (refusal !== null) {
      // It was stored before it expired, so it expired because nobody answered.
      if (isExpiry(refusal)) return storeExpiry(deps, row, attempt);
      return storeRefusal(deps.db, { ...fenced, unmet: refusal.unmet, atSeq: refusal.seq });
    }
    if (lookUp?.found === true && isForgotten(error)) {
      return (await settleFromChain(deps, row))?.verdict ?? null;
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
        priority: fairnessOf(input.item.workspaceId),
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        ...shownAtStart(input),
        args: [input],
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function lookUpCommand(
  db: Db,
  { workspaceId, id: commandId }: CommandRow,
  seq: number,
): Promise<LookUp> {
  const events = await findEventsOfCommand(db, { workspaceId, commandId });
  return { seq, found: events.length > 0 };
}

function isForgotten(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === FORGOTTEN;
}

function refusalOf(error: unknown): RefusalDetails | null {
  return detailsOf<RefusalDetails>(error, REFUSED);
}

/** What the validator of our own run threw with a failure of this type. */
function detailsOf<T>(error: unknown, type: typeof REFUSED | typeof ROW_DIVERGED): T | null {
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== type) return null;
  return (cause.details?.[0] ?? null) as T | null;
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
  const divergence = detailsOf<Divergence>(error, ROW_DIVERGED);
  const reason = divergence === null ? describe(error) : ROW_DIVERGED;
  log.warn({ commandId: row.id, itemId: row.itemId, attempt, reason }, 'command outcome unknown');
  try {
    await recordCommandError(db, {
      workspaceId: row.workspaceId,
      id: row.id,
      attempt,
      error: reason,
      queue: { turn, ...afterFailures(failures + 1) },
      divergence,
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
