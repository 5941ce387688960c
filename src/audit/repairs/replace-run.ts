import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { itemTime } from '../../commands/command-facts.ts';
import { answerFromChain } from '../../commands/settle-without-run.ts';
import { shownAtStart } from '../../commands/shown-at-start.ts';
import { timeTravel } from '../../commands/time-travel.ts';
import { listAppliedCommands, listUnansweredCommands } from '../../db/audit/commands.ts';
import type { Db } from '../../db/client.ts';
import { findEventsOfCommand } from '../../db/item/item-events.ts';
import { type ItemKey, type StoredItem, setClockOffset } from '../../db/item/items.ts';
import { projectRun } from '../../db/publishing/resolutions.ts';
import { itemWorkflowId } from '../../domain/ids.ts';
import { type KeptAnswers, keepAnswers } from '../../domain/item/commands/kept-answers.ts';
import { chainEvents, type ItemEvent } from '../../domain/item/event.ts';
import { itemRowOf } from '../../domain/item/row.ts';
import { effectsUnderWay } from '../../domain/item/run.ts';
import { FINAL_STAGES } from '../../domain/item/stages.ts';
import { isNewer } from '../../domain/item/versions/migrate.ts';
import { fairnessOf } from '../../domain/task-queues.ts';
import { ask, whyNot } from '../../engine/ask.ts';
import { outboxWithProposals, type ProposalLog } from '../../slots/slot-proposals.ts';
import type { ContinuedInput } from '../../workflows/messages.ts';
import { type LostRun, readLostRun, requireWhole } from './lost-run.ts';
import { rebuildRow } from './rebuild-row.ts';
import { NotPossible, type RepairReport } from './repair-outcome.ts';

const START_MS = 2_000;

export interface ReplaceOrder {
  reason: string;
  /** The member who asked for it. */
  actorId: string;
  dryRun: boolean;
}

interface ReplaceDeps {
  db: Db;
  temporal: Client;
  taskQueue: string;
  log: ProposalLog;
}

/**
 * Puts a new run in the place of one that cannot go on, does not tell what people were told, or is lost.
 * It goes on from the row: chain, clocks and the answers to earlier commands. What the old run knew and
 * the row does not comes from its history first, where both tell one story; where they do not, the row is
 * what people saw. An event of the chain says all that. The engine's own reset is never used: it would
 * apply again what people were answered.
 * @throws NotPossible before anything was ended, where the row is no whole chain.
 */
export async function replaceRun(
  deps: ReplaceDeps,
  key: ItemKey,
  order: ReplaceOrder,
): Promise<RepairReport> {
  const { temporal } = deps;
  const found = await readLostRun(deps, key);
  if (found.item.closedAt !== null) return { changes: [], result: { replaced: false } };
  if (isNewer(found.item.snapshot)) {
    throw new NotPossible('a newer release wrote its row: it has to start it');
  }
  requireWhole(found);
  const changes = changesOf(found);
  if (order.dryRun) return { changes, result: {} };
  if (found.run.state === 'open') await endRun(temporal, key, found.run.runId);
  const lost = await recover(deps, key);
  const { item } = lost;
  if (item.closedAt !== null) return { changes, result: { replaced: false, stage: item.stage } };
  const event = replacementOf(lost, order);
  const continued = {
    snapshot: item.snapshot,
    head: { seq: event.seq, hash: event.hash },
    ...(await answersOf(deps.db, key, lost)),
    // The run itself brings it to the tables, should this process end here.
    unprojected: [event],
  };
  const runId = await startOnce(deps, { item: key, continued });
  await archiveReplaced(deps, key, event);
  await projectReplacement(deps, key, item, event);
  const { clockOffsetMs, seq } = item;
  if (clockOffsetMs > 0) await catchUp(deps, { ...key, clockOffsetMs });
  return { changes, result: { replaced: true, runId, seq } };
}

/** One that ended meanwhile is ended. */
async function endRun(temporal: Client, { itemId }: ItemKey, runId: string): Promise<void> {
  const handle = temporal.workflow.getHandle(itemWorkflowId(itemId), runId);
  try {
    await ask(temporal, Date.now() + START_MS, () => handle.terminate('replace_run'));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    throw new NotPossible(`the run ${runId} did not end: ${whyNot(error)}`);
  }
}

/** What the old run can add is stored, now that it adds nothing more. */
async function recover(deps: ReplaceDeps, key: ItemKey): Promise<LostRun> {
  const lost = await readLostRun(deps, key);
  if (lost.missing.length === 0) return lost;
  await rebuildRow(deps, key);
  return readLostRun(deps, key);
}

function changesOf({ run, item, record, agreedSeq, missing }: LostRun): string[] {
  const end = record?.seq ?? 0;
  const last = record !== null && missing.length > 0 ? record.snapshot : item.snapshot;
  const stored =
    missing.length > 0 ? [`events of its history are stored: ${missing.join(', ')}`] : [];
  if (FINAL_STAGES.includes(last.context.stage)) return [...stored, 'the item is closed'];
  return [
    ...(run.state === 'open' ? [`the run ${run.runId} is ended`] : []),
    ...stored,
    ...(missing.length === 0 && end > agreedSeq
      ? [`what the run tells after event ${agreedSeq} is left out: the row tells something else`]
      : []),
    `a run goes on after event ${Math.max(item.seq, missing.at(-1) ?? 0)}, with the event run.replaced`,
    ...effectsUnderWay(last).map((effect) =>
      effect.type === 'freeze_review'
        ? `the readings of ${effect.reviewId} are frozen`
        : `the post of ${effect.publicationId} is looked up before anything is sent`,
    ),
  ];
}

/** The link of the chain that tells of the old run's end. */
function replacementOf(
  { run, item, record, agreedSeq }: LostRun,
  { reason, actorId }: ReplaceOrder,
): ItemEvent {
  const data = {
    reason,
    runId: run.state === 'not_found' ? null : run.runId,
    runSeq: record?.seq ?? null,
    runHash: record?.hashes.get(record.seq) ?? null,
    agreedSeq,
  };
  const head = { seq: item.seq, hash: item.headHash };
  const stamp = { at: itemTime(item), actor: actorId };
  const [event] = chainEvents(head, [{ type: 'run.replaced', data }], stamp);
  if (event === undefined) throw new Error('a record makes an event');
  return event;
}

async function projectReplacement(
  { db, log }: ReplaceDeps,
  key: ItemKey,
  { snapshot }: StoredItem,
  event: ItemEvent,
): Promise<void> {
  const events = [event];
  const item = itemRowOf(snapshot, event.seq);
  const outbox = await outboxWithProposals(db, { ...key, events, context: snapshot.context }, log);
  await projectRun(db, { ...key, events, item, outbox });
}

/**
 * The answers that the new run has to know, so that a command sent again is not applied again. What the
 * old run applied and the row does not hold is not among them: it is applied now.
 */
async function answersOf(
  db: Db,
  key: ItemKey,
  { record, agreedSeq }: LostRun,
): Promise<KeptAnswers> {
  const told = (record?.answers ?? []).filter(([, { seq }]) => seq <= agreedSeq);
  const stored = await listAppliedCommands(db, key);
  const answers = new Map([...stored.map(({ id, answer }) => [id, answer] as const), ...told]);
  for (const commandId of await listUnansweredCommands(db, key)) {
    const [first] = await findEventsOfCommand(db, { ...key, commandId });
    if (first === undefined || answers.has(commandId)) continue;
    answers.set(commandId, await answerFromChain(db, { ...key, first }));
  }
  return keepAnswers(answers);
}

async function startOnce(
  { temporal, taskQueue }: ReplaceDeps,
  input: ContinuedInput,
): Promise<string> {
  try {
    const handle = await ask(temporal, Date.now() + START_MS, () =>
      temporal.workflow.start('contentItem', {
        workflowId: itemWorkflowId(input.item.itemId),
        taskQueue,
        priority: fairnessOf(input.item.workspaceId),
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        ...shownAtStart(input),
        args: [input],
      }),
    );
    return handle.firstExecutionRunId;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new NotPossible('somebody else has started it');
    }
    throw new NotPossible(`the run did not start: ${whyNot(error)}`);
  }
}

/** Keeps the history of the old run past the engine's retention, as a run does that closes by itself. */
async function archiveReplaced(
  { temporal, taskQueue, log }: ReplaceDeps,
  { workspaceId, itemId }: ItemKey,
  { data }: ItemEvent,
): Promise<void> {
  const { runId } = data;
  // The engine no longer knows it.
  if (typeof runId !== 'string') return;
  try {
    await ask(temporal, Date.now() + START_MS, () =>
      temporal.workflow.start('historyArchive', {
        workflowId: `archive:${itemId}:${runId}`,
        taskQueue,
        priority: fairnessOf(workspaceId),
        args: [{ workspaceId, itemId, workflowId: itemWorkflowId(itemId), runId }],
      }),
    );
  } catch (error) {
    // It asked for that itself before it ended.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    log.warn({ itemId, reason: `${runId}: ${whyNot(error)}` }, 'its history is not kept');
  }
}

/** A new run begins at real time; on the local stack its item may be ahead (time travel). */
async function catchUp(
  { db, temporal }: ReplaceDeps,
  { workspaceId, itemId, clockOffsetMs }: ItemKey & { clockOffsetMs: number },
): Promise<void> {
  await setClockOffset(db, { workspaceId, itemId, offsetMs: 0 });
  await timeTravel({ db, temporal }, { workspaceId, itemId, target: { byMs: clockOffsetMs } });
}
