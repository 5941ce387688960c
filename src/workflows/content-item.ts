import {
  allHandlersFinished,
  CancellationScope,
  condition,
  makeContinueAsNewFunc,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type Deadline, eventForDeadline } from '../domain/item/deadlines.ts';
import { type ItemEffect, placeOf } from '../domain/item/run.ts';
import { freeze } from './freezing.ts';
import { archiveHistoryOf } from './history-archive.ts';
import { ItemRun, RECORDING } from './item-run.ts';
import { measure } from './measuring.ts';
import {
  campaignSignal,
  commandUpdate,
  continueNowSignal,
  type ItemRunInput,
  type LookUp,
  moveToBuildSignal,
  readingsAddedSignal,
  stateQuery,
  tickUpdate,
} from './messages.ts';
import { record } from './recording.ts';
import { nameOf } from './run-deadlines.ts';
import { resumeSend, send, sendOf } from './sending.ts';

/**
 * Continue as new above this many history events; the server's own limit is far higher. A worker that
 * does not have the run in its cache replays all of them before it answers a command.
 */
const MAX_HISTORY_EVENTS = 1_500;
/** The same for its size: every answer to a command carries a snapshot. The server warns at 10 MB. */
const MAX_HISTORY_BYTES = 1_500_000;

/** Without it the next run stays on the build of this one. */
const TO_CURRENT_BUILD = { initialVersioningBehavior: 'AUTO_UPGRADE' } as const;

/**
 * One content item from brief to verdict. Commands come as Updates that the machine's guards accept
 * or refuse; time, publications and readings come as system events. Every event is a link of the
 * run's own hash chain.
 */
export async function contentItem(input: ItemRunInput): Promise<{ stage: string; seq: number }> {
  const run = new ItemRun(input);
  setHandler(commandUpdate, (message, _lookUp?: LookUp) => run.applyCommand(message), {
    validator: (message, lookUp?: LookUp) => run.refuseUnmet(message, lookUp),
  });
  setHandler(tickUpdate, () => run.state());
  setHandler(stateQuery, () => run.state());
  setHandler(readingsAddedSignal, ({ publicationId }) => run.deadlines.lookAgainNow(publicationId));
  setHandler(campaignSignal, (word) => run.hearCampaign(word));
  setHandler(moveToBuildSignal, (build) => {
    run.target = build;
  });
  setHandler(continueNowSignal, () => {
    run.isToContinue = true;
  });
  // An item is cancelled by its command; a cancellation asked of the engine would leave it half done.
  return CancellationScope.nonCancellable(() => briefToVerdict(run, input));
}

async function briefToVerdict(
  run: ItemRun,
  input: ItemRunInput,
): Promise<{ stage: string; seq: number }> {
  const continueAbove = input.continueAbove ?? MAX_HISTORY_EVENTS;
  for (const waiting of input.continued?.sends ?? []) {
    const { publicationId } = waiting;
    run.work.begin(sendOf(publicationId), () => resumeSend(run, waiting));
  }
  const isToContinue = () => isLong(continueAbove) || run.isToMove() || run.isToContinue;
  const mayContinue = () => isToContinue() && run.isIdle();
  while (!run.isFinal()) {
    run.deadlines.arm();
    await condition(() => run.hasTasks() || run.isFinal() || mayContinue());
    for (const deadline of run.deadlines.takeDue()) meet(run, deadline);
    for (const effect of run.takeEffects()) carryOut(run, effect);
    run.view.show();
    if (run.backlog.isDue) run.work.begin(RECORDING, () => record(run));
    if (mayContinue()) await continueRun(run, input);
  }
  run.view.show();
  run.deadlines.disarm();
  await condition(() => allHandlersFinished() && run.work.isEmpty);
  // No event may be missing once the run is closed.
  await record(run);
  await archiveHistoryOf(run);
  return { stage: placeOf(run.snapshot), seq: run.backlog.head.seq };
}

/** What time brings: readings to be collected, or an event of the machine. */
function meet(run: ItemRun, deadline: Deadline): void {
  if (deadline.kind === 'checkpoint') {
    run.work.begin(nameOf(deadline), () => measure(run, deadline));
    return;
  }
  const event = eventForDeadline(deadline, run.snapshot.context, Date.now());
  if (event !== null) run.happen(event);
}

/** What a transition asks of the world. */
function carryOut(run: ItemRun, effect: ItemEffect): void {
  switch (effect.type) {
    case 'start_publication': {
      const { publicationId } = effect;
      run.work.begin(sendOf(publicationId), () => send(run, publicationId));
      return;
    }
    case 'freeze_review':
      run.work.begin(`freeze ${effect.reviewId}`, () => freeze(run, effect));
  }
}

function isLong(continueAbove: number): boolean {
  const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
  return historyLength > continueAbove || historySize > MAX_HISTORY_BYTES || continueAsNewSuggested;
}

/**
 * Continues in a fresh history once what happened is recorded. Whatever comes meanwhile is done here
 * first, or carried over.
 */
async function continueRun(run: ItemRun, { continueAbove }: ItemRunInput): Promise<void> {
  // People go on working while a run records: a little may wait for the next one.
  if (!run.backlog.isLight) {
    run.backlog.askToRecord();
    return;
  }
  run.deadlines.disarm();
  await archiveHistoryOf(run);
  await condition(allHandlersFinished);
  if (run.isIdle() && run.backlog.isLight && !run.isFinal()) {
    const goOn = makeContinueAsNewFunc<typeof contentItem>(run.isToMove() ? TO_CURRENT_BUILD : {});
    await goOn({
      ...run.carryOver(),
      ...(continueAbove !== undefined && { continueAbove }),
    });
  }
}
