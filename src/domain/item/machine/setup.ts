import { enqueueActions, setup } from 'xstate';
import type { OverduePolicy } from '../../playbook/overdue.ts';
import type { ClockFacts } from '../commands/facts.ts';
import type { Command, ItemMachineEvent } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import type { EventRecord } from '../event.ts';
import { closeGate, isGateClosed } from '../moves/approval.ts';
import {
  closeReview,
  extendMeasurement,
  isExtensionDecided,
  isReviewSigned,
  openReview,
} from '../moves/kpi-review.ts';
import type { Move } from '../moves/move.ts';
import { moveOfCommand, moveOfSystem } from '../moves/moves.ts';
import { isContentMismatch, isDueUnapproved } from '../moves/publication.ts';
import { planStands } from '../moves/schedule.ts';
import { cancel, enterStage, isCancelDue } from '../moves/stage.ts';
import { ACTIVE_STATES } from '../publication-states.ts';
import type { Place, Stage } from '../stages.ts';
import { type ItemInput, startItem } from '../start.ts';
import { policyAt } from './overdue.ts';

function isCommand(event: ItemMachineEvent): event is Command {
  return 'actor' in event;
}

function clocksOf(event: ItemMachineEvent): ClockFacts | undefined {
  if (isCommand(event)) return event.facts.clocks;
  return 'clocks' in event ? event.clocks : undefined;
}

/** Enqueues a move: its change of the context, then one `record` per event of the chain. */
interface Queue {
  assign(change: Partial<ItemContext>): void;
  (action: { type: string; params: unknown }): void;
}

function enqueueMove(enqueue: Queue, { change, records }: Move): void {
  enqueue.assign(change);
  for (const record of records) enqueue({ type: 'record', params: record });
}

/** XState types `enqueue` by the finished setup; inside the setup every action named here exists. */
function queueOf(enqueue: unknown): Queue {
  return enqueue as Queue;
}

/** The event of an initial transition carries the input instead of an instant. */
function stampOf(event: ItemMachineEvent): { at: string; clocks: ClockFacts | undefined } {
  const initial = event as unknown as { input?: ItemInput };
  if (initial.input !== undefined)
    return initial.input as { at: string; clocks: ClockFacts | undefined };
  return { at: event.at, clocks: clocksOf(event) };
}

/** What the item machine asks and does, by the names that its chart uses. */
export const machineSetup = setup({
  types: {
    context: {} as ItemContext,
    events: {} as ItemMachineEvent,
    input: {} as ItemInput,
  },
  guards: {
    sameBrief: ({ context, event }) =>
      event.type === 'save_brief' && event.refs.brief.hash === context.brief?.hash,
    sameDraft: ({ context, event }) =>
      event.type === 'save_draft' && event.refs.draft.hash === context.draft?.hash,
    requestsChanges: ({ event }) =>
      event.type === 'decide_approval' && event.refs.decision === 'request_changes',
    planStands: ({ context, event }) =>
      event.type === 'skip_publication' && planStands(context, event.refs.publicationId),
    contentMismatch: ({ context, event }) =>
      event.type === 'publication_settled' && isContentMismatch(context, event),
    dueUnapproved: ({ context, event }) =>
      event.type === 'publication_due' && isDueUnapproved(context, event),
    cancelDue: ({ context }) => isCancelDue(context),
    gateClosed: ({ context }) => isGateClosed(context),
    anyActive: ({ context }) =>
      context.publications.some(({ state }) => ACTIVE_STATES.includes(state)),
    anyPlanned: ({ context }) => context.publications.some(({ state }) => state === 'planned'),
    anyPublished: ({ context }) => context.publications.some(({ state }) => state === 'published'),
    checkpointsSettled: ({ context }) =>
      context.checkpoints.every(({ required, state }) => !required || state !== 'due'),
    reviewSigned: ({ context }) => isReviewSigned(context),
    extensionDecided: ({ context }) => isExtensionDecided(context),
    heldFrom: ({ context }, { place }: { place: Place }) => context.heldFrom === place,
    overdue: ({ context, event }, { place, policy }: { place: Place; policy: OverduePolicy }) =>
      event.type === 'clock_step' && policyAt(context, event, place) === policy,
  },
  actions: {
    /** An event for the item's chain: data that the run stores. */
    record: (_, _record: EventRecord) => {},
    /** Send a publication whose slot is due: the run starts a child. */
    start_publication: (_, _params: { publicationId: string }) => {},
    /** Freeze the readings of a review and compute its verdicts: the run calls an activity. */
    freeze_review: (_, _params: { reviewId: string; number: number }) => {},

    apply: enqueueActions(({ context, event, enqueue }, { place }: { place: Place }) => {
      const move = isCommand(event)
        ? moveOfCommand(context, event, place)
        : moveOfSystem(context, event, place);
      enqueueMove(queueOf(enqueue), move);
      for (const { type, data } of move.records) {
        if (type !== 'publication.due') continue;
        const params = { publicationId: data['publicationId'] };
        queueOf(enqueue)({ type: 'start_publication', params });
      }
    }),
    cancelNow: enqueueActions(({ context, event, enqueue }) => {
      const by = { at: event.at, memberId: 'system' };
      enqueueMove(queueOf(enqueue), cancel(context, context.cancelling, by));
    }),
    start: enqueueActions(({ context, enqueue }) => {
      enqueueMove(queueOf(enqueue), startItem(context));
    }),
    enter: enqueueActions(({ context, event, enqueue }, { stage }: { stage: Stage }) => {
      const { at, clocks } = stampOf(event);
      enqueueMove(queueOf(enqueue), enterStage(context, stage, at, clocks));
    }),
    closeGate: enqueueActions(({ context, event, enqueue }) => {
      enqueueMove(queueOf(enqueue), closeGate(context, event.at));
    }),
    openReview: enqueueActions(({ context, enqueue }) => {
      const move = openReview(context);
      enqueueMove(queueOf(enqueue), move);
      const review = move.change.reviews?.at(-1);
      if (review !== undefined) {
        const params = { reviewId: review.id, number: review.number };
        queueOf(enqueue)({ type: 'freeze_review', params });
      }
    }),
    closeReview: enqueueActions(({ context, event, enqueue }) => {
      enqueueMove(queueOf(enqueue), closeReview(context, event.at));
    }),
    extendMeasurement: enqueueActions(({ context, enqueue }) => {
      enqueueMove(queueOf(enqueue), extendMeasurement(context));
    }),
  },
});
