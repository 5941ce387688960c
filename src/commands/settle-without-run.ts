import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Db } from '../db/client.ts';
import { type CommandRow, type CommandVerdict, storeRefusal } from '../db/item/commands.ts';
import { findEventsOfCommand, readChain, type StoredEvent } from '../db/item/item-events.ts';
import { getItem } from '../db/item/items.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { FINAL_STAGES, STAGES } from '../domain/item/stages.ts';
import { callWithin, isNotFound } from '../engine/ask.ts';
import type { ProposalLog } from '../slots/slot-proposals.ts';
import type { CommandResult, ContentItemInput } from '../workflows/messages.ts';
import { projectCommand, projectStart } from './project-command.ts';

const CALL_MS = 2_500;
/** Runs that continued one another, at most: one has thousands of events. */
const MAX_RUNS = 20;
/** Stages of an Update in the engine. */
const ADMITTED = 1;
const COMPLETED = 3;

interface SettleDeps {
  db: Db;
  temporal: Client;
  log: ProposalLog;
}

/**
 * The run is gone. A command that it applied before it closed is in the events; any other came too
 * late. A run that the engine does not know although its item is open is a finding, not a refusal.
 */
export async function settleWithoutRun(
  deps: SettleDeps,
  row: CommandRow,
  attempt: number,
): Promise<CommandVerdict | null> {
  const recorded = await settleFromChain(deps, row);
  if (recorded !== null) return recorded.verdict;
  const item = await getItem(deps.db, { workspaceId: row.workspaceId, itemId: row.itemId });
  const isClosed =
    (item !== null && FINAL_STAGES.includes(item.stage)) ||
    (await statusOfRun(deps, row.itemId)) === 'COMPLETED';
  if (!isClosed) throw new Error(`the run of ${row.itemId} is not there`);
  const unmet: Unmet[] = [{ code: 'item_closed', message: 'the item is closed' }];
  return storeRefusal(deps.db, { workspaceId: row.workspaceId, id: row.id, attempt, unmet });
}

/**
 * A command whose time is over for certain. It is not sent any more: its run would refuse it. What the
 * run applied before is in the tables or in the engine's history, which needs no worker.
 * @throws while that cannot be read: the command then waits on, and is found by the audit.
 */
export async function settleExpired(
  deps: SettleDeps,
  row: CommandRow,
  attempt: number,
): Promise<CommandVerdict | null> {
  const recorded = await settleFromChain(deps, row);
  if (recorded !== null) return recorded.verdict;
  const result = await resultInHistory(deps, row);
  return result === null ? storeExpiry(deps, row, attempt) : projectCommand(deps, row, result);
}

/** The same of a start: the run that it would have started says whether it was applied. */
export async function settleExpiredStart(
  deps: SettleDeps,
  row: CommandRow,
  { attempt, input }: { attempt: number; input: ContentItemInput },
): Promise<CommandVerdict | null> {
  const status = await statusOfRun(deps, row.itemId);
  return status === null ? storeExpiry(deps, row, attempt) : projectStart(deps, row, input);
}

/** The verdict of a command that nobody answered in time. */
export function storeExpiry(
  { db }: Pick<SettleDeps, 'db'>,
  { workspaceId, id, expiresAt }: CommandRow,
  attempt: number,
): Promise<CommandVerdict | null> {
  const message = `nobody answered the command before it expired at ${expiresAt}; it was not applied`;
  const unmet: Unmet[] = [{ code: 'command_expired', message }];
  return storeRefusal(db, { workspaceId, id, attempt, unmet, state: 'expired' });
}

/** Null where the events know nothing of the command. */
export async function settleFromChain(
  { db, log }: SettleDeps,
  row: CommandRow,
): Promise<{ verdict: CommandVerdict | null } | null> {
  const key = { workspaceId: row.workspaceId, itemId: row.itemId };
  const [first] = await findEventsOfCommand(db, { ...key, commandId: row.id });
  if (first === undefined) return null;
  const answer = await answerFromChain(db, { ...key, first });
  const result = { answer, events: [], snapshot: null };
  return { verdict: await projectCommand({ db, log }, row, result) };
}

/** What can still be told of a command whose answer nobody heard: when and where. */
export async function answerFromChain(
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

/** Null where the engine knows no run of the item. */
async function statusOfRun({ temporal }: SettleDeps, itemId: string): Promise<string | null> {
  try {
    const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
    const { status } = await callWithin(temporal, CALL_MS, () => handle.describe());
    return status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/**
 * What the item's run answered, by the engine's own record of its Updates.
 * @returns null when no run of the item has taken the command.
 */
async function resultInHistory(
  deps: SettleDeps,
  { id, itemId }: CommandRow,
): Promise<CommandResult | null> {
  const { temporal } = deps;
  const workflowId = itemWorkflowId(itemId);
  let runId = '';
  for (let count = 0; count < MAX_RUNS; count += 1) {
    const execution = { workflowId, runId };
    const stage = await stageOfUpdate(deps, execution, id);
    if (stage === COMPLETED) {
      const handle = temporal.workflow.getHandle(workflowId, runId === '' ? undefined : runId);
      return callWithin(temporal, CALL_MS, () =>
        handle.getUpdateHandle<CommandResult>(id).result(),
      );
    }
    // Only admitted: nobody has judged it, and whoever does will refuse it.
    if (stage !== null && stage !== ADMITTED) throw new Error(`the run of ${itemId} is at it`);
    const before = await runBefore(deps, execution);
    if (before === null) return null;
    runId = before;
  }
  throw new Error(`${itemId} has more than ${MAX_RUNS} runs to look into`);
}

interface Execution {
  workflowId: string;
  /** Empty for the latest run. */
  runId: string;
}

/** Null for an Update that the run does not know. Answered at once, whether a worker is there or not. */
async function stageOfUpdate(
  { temporal }: SettleDeps,
  workflowExecution: Execution,
  updateId: string,
): Promise<number | null> {
  const { workflowService, options } = temporal;
  const { namespace, identity } = options;
  const updateRef = { workflowExecution, updateId };
  try {
    const { stage } = await callWithin(temporal, CALL_MS, () =>
      workflowService.pollWorkflowExecutionUpdate({ namespace, updateRef, identity }),
    );
    return stage;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** The run that this one continued. @throws where there is no such run. */
async function runBefore({ temporal }: SettleDeps, execution: Execution): Promise<string | null> {
  const { workflowService, options } = temporal;
  const { namespace } = options;
  const { history } = await callWithin(temporal, CALL_MS, () =>
    workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 1 }),
  );
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const runId = started?.continuedExecutionRunId ?? '';
  return runId === '' ? null : runId;
}
