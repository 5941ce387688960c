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
import {
  type CommandRow,
  type CommandVerdict,
  recordCommandError,
  storeRefusal,
} from '../db/item/commands.ts';
import { findEventsOfCommand, readChain, type StoredEvent } from '../db/item/item-events.ts';
import { getItem } from '../db/item/items.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { FINAL_STAGES, STAGES } from '../domain/item/stages.ts';
import { fairnessOf } from '../domain/task-queues.ts';
import { callWithin } from '../engine/ask.ts';
import {
  type CommandMessage,
  type CommandResult,
  type ContentItemInput,
  FORGOTTEN,
  type LookUp,
  REFUSED,
  type RefusalDetails,
} from '../workflows/messages.ts';
import { projectCommand, projectStart } from './project-command.ts';

/** How long a command may wait for its verdict before the answer is "pending". */
const DELIVERY_DEADLINE_MS = 2_500;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

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

/**
 * Sends a fenced command to its run and commits what came of it.
 * @returns the committed verdict; null while the outcome is unknown: the drainer settles it later.
 */
export async function deliverCommand(
  deps: DeliveryDeps,
  row: CommandRow,
  attempt: number,
): Promise<CommandVerdict | null> {
  try {
    return await attemptDelivery(deps, row, attempt);
  } catch (error) {
    await noteFailure(deps, row, attempt, error);
    return null;
  }
}

async function attemptDelivery(
  deps: DeliveryDeps,
  row: CommandRow,
  attempt: number,
): Promise<CommandVerdict | null> {
  const stored = payloadOf(row);
  if (stored.kind === 'start') {
    await startRun(deps, row.itemId, stored.input);
    return projectStart(deps, row, stored.input);
  }
  // Of a command that was never sent before the tables know nothing.
  const lookUp = attempt > 1 ? await lookUpCommand(deps.db, row) : undefined;
  let result: CommandResult;
  try {
    result = await callWithin(deps.temporal, DELIVERY_DEADLINE_MS, () =>
      deps.temporal.workflow
        .getHandle(itemWorkflowId(row.itemId))
        .executeUpdate<CommandResult, [CommandMessage, LookUp?]>('command', {
          updateId: row.id,
          args: lookUp === undefined ? [stored.message] : [stored.message, lookUp],
        }),
    );
  } catch (error) {
    const refusal = refusalOf(error);
    const fenced = { workspaceId: row.workspaceId, id: row.id, attempt };
    if (refusal !== null) {
      return storeRefusal(deps.db, { ...fenced, unmet: refusal.unmet, atSeq: refusal.seq });
    }
    if (lookUp?.found === true && isForgotten(error)) return settleFromChain(deps, row);
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
        args: [input],
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/**
 * The run is gone. A command that it applied before it closed is in the events; any other came too
 * late. A run that the engine does not know although its item is open is a finding, not a refusal.
 */
async function settleWithoutRun(
  { db, temporal, log }: DeliveryDeps,
  row: CommandRow,
  attempt: number,
): Promise<CommandVerdict | null> {
  const key = { workspaceId: row.workspaceId, itemId: row.itemId };
  const applied = await settleFromChain({ db, log }, row);
  if (applied !== null) return applied;
  const item = await getItem(db, key);
  const isClosed =
    (item !== null && FINAL_STAGES.includes(item.stage)) ||
    (await isRunClosed(temporal, row.itemId));
  if (!isClosed) throw new Error(`the run of ${row.itemId} is not there`);
  const unmet: Unmet[] = [{ code: 'item_closed', message: 'the item is closed' }];
  return storeRefusal(db, { workspaceId: row.workspaceId, id: row.id, attempt, unmet });
}

/** The seq is read first: whatever was applied up to there is among the events that are read then. */
async function lookUpCommand(
  db: Db,
  { workspaceId, itemId, id: commandId }: CommandRow,
): Promise<LookUp> {
  const item = await getItem(db, { workspaceId, itemId });
  const events = await findEventsOfCommand(db, { workspaceId, commandId });
  return { seq: item?.seq ?? 0, found: events.length > 0 };
}

/** A command that its run applied, and has no answer to any more; null when no event names it. */
async function settleFromChain(
  { db, log }: Pick<DeliveryDeps, 'db' | 'log'>,
  row: CommandRow,
): Promise<CommandVerdict | null> {
  const key = { workspaceId: row.workspaceId, itemId: row.itemId };
  const [first] = await findEventsOfCommand(db, { ...key, commandId: row.id });
  if (first === undefined) return null;
  const answer = await answerFromChain(db, { ...key, first });
  return projectCommand({ db, log }, row, { answer, events: [], snapshot: null });
}

/** What can still be told of a command whose run has ended before anyone heard its answer: when and where. */
async function answerFromChain(
  db: Db,
  { first, ...key }: { workspaceId: string; itemId: string; first: StoredEvent },
): Promise<CommandAnswer> {
  const chain = await readChain(db, key);
  const after = chain.filter(({ seq }) => seq > first.seq);
  const next = after.find(
    ({ commandId, at, actor }) => commandId !== null || at !== first.at || actor !== first.actor,
  );
  const seq = (next?.seq ?? chain.length + 1) - 1;
  const change = chain.findLast((event) => event.type === 'item.stage_changed' && event.seq <= seq);
  const stage = STAGES.find((name) => name === change?.data['to']) ?? 'briefing';
  return { seq, stage, substage: null };
}

async function isRunClosed(temporal: Client, itemId: string): Promise<boolean> {
  try {
    const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
    const { status } = await callWithin(temporal, DELIVERY_DEADLINE_MS, () => handle.describe());
    return status.name === 'COMPLETED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function isForgotten(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === FORGOTTEN;
}

function refusalOf(error: unknown): RefusalDetails | null {
  if (!(error instanceof WorkflowUpdateFailedError)) return null;
  const { cause } = error;
  if (!(cause instanceof ApplicationFailure) || cause.type !== REFUSED) return null;
  return (cause.details?.[0] ?? null) as RefusalDetails | null;
}

async function noteFailure(
  { db, log }: DeliveryDeps,
  row: CommandRow,
  attempt: number,
  error: unknown,
): Promise<void> {
  const reason = describe(error);
  log.warn({ commandId: row.id, itemId: row.itemId, attempt, reason }, 'command outcome unknown');
  const retryInMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(row.errorCount, 10));
  try {
    await recordCommandError(db, {
      workspaceId: row.workspaceId,
      id: row.id,
      attempt,
      error: reason,
      retryInMs,
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
