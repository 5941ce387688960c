import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { placeOf } from '../domain/item/run.ts';
import { ItemRun } from './item-run.ts';
import {
  type ContentItemInput,
  commandUpdate,
  readingsAddedSignal,
  stateQuery,
  tickUpdate,
} from './messages.ts';

/** Continue as new above this many history events; the server's own limit is far higher. */
const MAX_HISTORY_EVENTS = 8_000;
/** The same for its size: every answer to a command carries a snapshot. The server warns at 10 MB. */
const MAX_HISTORY_BYTES = 8_000_000;
/** People go on working while a run records: so many events, about 600 bytes each, may wait for the next one. */
const MAX_CARRIED_EVENTS = 20;

/**
 * One content item from brief to verdict. Commands come as Updates that the machine's guards accept
 * or refuse; time, publications and readings come as system events. Every event is a link of the
 * run's own hash chain.
 */
export async function contentItem(
  input: ContentItemInput,
): Promise<{ stage: string; seq: number }> {
  const run = new ItemRun(input);
  setHandler(commandUpdate, (message) => run.applyCommand(message), {
    validator: (message) => run.refuseUnmet(message),
  });
  setHandler(tickUpdate, () => run.state());
  setHandler(stateQuery, () => run.state());
  setHandler(readingsAddedSignal, ({ publicationId }) => run.lookAgain(publicationId));
  // An item is cancelled by its command; a cancellation asked of the engine would leave it half done.
  return CancellationScope.nonCancellable(() => live(run, input));
}

async function live(
  run: ItemRun,
  input: ContentItemInput,
): Promise<{ stage: string; seq: number }> {
  const continueAbove = input.continueAbove ?? MAX_HISTORY_EVENTS;
  const mayContinue = () => isLong(continueAbove) && run.isIdle();
  while (!run.isFinal()) {
    run.armDeadline();
    await condition(() => run.hasWork() || run.isFinal() || mayContinue());
    run.startWork();
    if (mayContinue()) {
      await continueRun(run, input);
    }
  }
  run.disarm();
  await condition(() => allHandlersFinished() && run.isQuiet());
  await run.recordRest();
  await run.archiveHistory();
  return { stage: placeOf(run.snapshot), seq: run.head.seq };
}

function isLong(continueAbove: number): boolean {
  const { historyLength, historySize } = workflowInfo();
  return historyLength > continueAbove || historySize > MAX_HISTORY_BYTES;
}

/**
 * Continues in a fresh history once what happened is recorded. Whatever comes meanwhile is done here
 * first, or carried over.
 */
async function continueRun(run: ItemRun, input: ContentItemInput): Promise<void> {
  if (run.unrecorded() > MAX_CARRIED_EVENTS) {
    run.askToRecord();
    return;
  }
  run.disarm();
  await run.archiveHistory();
  await condition(allHandlersFinished);
  if (run.isIdle() && !run.isFinal()) {
    await continueAsNew<typeof contentItem>({ ...input, continued: run.carryOver() });
  }
}
