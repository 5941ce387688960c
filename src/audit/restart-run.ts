import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { StoredCommand } from '../commands/deliver-command.ts';
import { timeTravel } from '../commands/time-travel.ts';
import {
  listAppliedCommands,
  listUnansweredCommands,
  readStartInput,
} from '../db/audit/commands.ts';
import type { Db } from '../db/client.ts';
import { getItem, type ItemKey, setClockOffset } from '../db/item/items.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { currentReview, type ItemContext, isSending } from '../domain/item/context.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import { ANSWER_BYTES, lastWithin } from '../domain/item/size.ts';
import { isNewer } from '../domain/item/versions/migrate.ts';
import { ask, whyNot } from '../engine/ask.ts';
import type { ProposalLog } from '../slots/slot-proposals.ts';
import type { ContentItemInput } from '../workflows/messages.ts';
import { rebuildRow } from './rebuild-row.ts';
import { NotPossible, type RepairResult } from './repair-outcome.ts';
import { readRunStatus } from './run-status.ts';

const START_MS = 2_000;

interface RestartDeps {
  db: Db;
  temporal: Client;
  taskQueue: string;
  log: ProposalLog;
}

/**
 * Starts a run again for an open item that has none, where its row stands: the chain, the clocks and
 * the answers to earlier commands go on. What the lost run knew and the row does not is recovered
 * from its history first.
 * @throws NotPossible while something was under way that the lost run cannot tell the end of.
 */
export async function restartRun(
  { db, temporal, taskQueue, log }: RestartDeps,
  key: ItemKey,
): Promise<RepairResult> {
  const workflowId = itemWorkflowId(key.itemId);
  const run = await readRunStatus(temporal, { workflowId }, Date.now() + START_MS);
  if (run.state === 'open') throw new NotPossible('the item has an open run');
  const record =
    run.state === 'closed' ? (await rebuildRow({ db, temporal, log }, key)).record : null;
  const item = await getItem(db, key);
  if (item === null) throw new NotPossible('the item has no row');
  if (item.closedAt !== null) return { restarted: false, stage: item.stage };
  const { snapshot, seq, headHash: hash, clockOffsetMs } = item;
  if (isNewer(snapshot)) throw new NotPossible('a newer release wrote its row: it has to start it');
  refuseUnderWay(snapshot.context);
  const input = await startInputOf(db, key);
  const seen = await answersOf(db, key, record?.answers ?? []);
  const continued: ContentItemInput['continued'] = {
    snapshot,
    head: { seq, hash },
    seen,
    unprojected: [],
  };
  const runId = await startOnce(temporal, {
    workflowId,
    taskQueue,
    input: { ...input, continued },
  });
  if (clockOffsetMs > 0) await catchUp({ db, temporal }, { ...key, clockOffsetMs });
  return { restarted: true, runId, seq };
}

/**
 * Ends a run that cannot go on, or whose history is near its limit, and starts it again from its row. A
 * reset of the engine would apply again what people were answered; this goes on behind the last event.
 * @throws NotPossible before anything was ended, while something is under way, or where the history does
 * not give the whole chain.
 */
export async function rebuildRun(deps: RestartDeps, key: ItemKey): Promise<RepairResult> {
  const { temporal } = deps;
  const workflowId = itemWorkflowId(key.itemId);
  const run = await readRunStatus(temporal, { workflowId }, Date.now() + START_MS);
  if (run.state === 'open') {
    const { record } = await rebuildRow(deps, key);
    refuseUnderWay(record.snapshot.context);
    const handle = temporal.workflow.getHandle(workflowId, run.runId);
    await ask(temporal, Date.now() + START_MS, () => handle.terminate('rebuild_run'));
  }
  return restartRun(deps, key);
}

/** Work beside the loop is not in the snapshot: only the run that began it could have seen its end. */
function refuseUnderWay(context: ItemContext): void {
  const sending = context.publications.filter(isSending).map(({ id }) => id);
  if (sending.length > 0) {
    throw new NotPossible(
      `the lost run was sending ${sending.join(', ')}. Find out first whether it went out`,
    );
  }
  if (context.stage === 'kpi_review' && currentReview(context)?.hash === null) {
    throw new NotPossible('the lost run was freezing the readings of its review');
  }
}

/**
 * The answers that the new run has to know, so that a command sent again is not applied again.
 * @throws NotPossible when one was applied whose answer nobody knows.
 */
async function answersOf(
  db: Db,
  key: ItemKey,
  recorded: readonly [id: string, answer: CommandAnswer][],
): Promise<[id: string, answer: CommandAnswer][]> {
  const stored = await listAppliedCommands(db, key);
  const answers = new Map([...stored.map(({ id, answer }) => [id, answer] as const), ...recorded]);
  const unanswered = await listUnansweredCommands(db, key);
  const unknown = unanswered.filter((id) => !answers.has(id));
  if (unknown.length === 0) return lastWithin([...answers], ANSWER_BYTES);
  throw new NotPossible(
    `the run applied ${unknown.join(', ')}, but no verdict is stored. Resend it first`,
  );
}

/** What the item was started with: its start command holds it for good. */
async function startInputOf(db: Db, key: ItemKey): Promise<ContentItemInput> {
  const payload = await readStartInput(db, key);
  // Written by this program only: a start command's payload is a StoredCommand of kind `start`.
  const stored = payload as unknown as StoredCommand | null;
  if (stored?.kind !== 'start') throw new NotPossible('the command that started it is not stored');
  return stored.input;
}

async function startOnce(
  temporal: Client,
  {
    workflowId,
    taskQueue,
    input,
  }: { workflowId: string; taskQueue: string; input: ContentItemInput },
): Promise<string> {
  try {
    const handle = await ask(temporal, Date.now() + START_MS, () =>
      temporal.workflow.start('contentItem', {
        workflowId,
        taskQueue,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
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

/** A new run begins at real time; on the local stack its item may be ahead (time travel). */
async function catchUp(
  { db, temporal }: { db: Db; temporal: Client },
  { workspaceId, itemId, clockOffsetMs }: ItemKey & { clockOffsetMs: number },
): Promise<void> {
  await setClockOffset(db, { workspaceId, itemId, offsetMs: 0 });
  await timeTravel({ db, temporal }, { workspaceId, itemId, target: { byMs: clockOffsetMs } });
}
