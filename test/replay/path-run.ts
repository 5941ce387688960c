import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  type WorkflowHandle,
} from '@temporalio/client';
import { fastForward } from '../../src/commands/time-travel.ts';
import { hashOf } from '../../src/domain/canonical.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { Command, ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import { type ItemSnapshot, placeOf, stepItem } from '../../src/domain/item/run.ts';
import { isFinal, type Place } from '../../src/domain/item/stages.ts';
import type { contentItem } from '../../src/workflows/content-item.ts';
import type { RunState } from '../../src/workflows/messages.ts';
import { CAST } from '../machine/item-fixture.ts';
import { completeCommand } from '../machine/item-payloads.ts';
import { eventsOf, worldInput } from '../machine/item-world.ts';
import { type Leg, type MachinePath, RECORDED_WORLD } from './machine-paths.ts';
import { nextLooks, nextWay, type Script } from './scripted-activities.ts';

const LATE_MS = 60_000;
const POLL_MS = 40;
/** gRPC's FAILED_PRECONDITION. */
const NO_TASK_YET = 9;
/** A little past a deadline, so that its timer has fired. */
const PAST_MS = 1_000;

/** Where the item is, as far as a path says it. Who and when are the run's own. */
function situation(place: Place, context: ItemContext): string {
  return JSON.stringify([
    place,
    context.heldFrom,
    context.round,
    context.draft?.hash,
    context.handoffs.map(({ state }) => state),
    context.approvals.map(({ state, decisions }) => [state, decisions.length]),
    context.publications.map(({ state }) => state),
    context.checkpoints.map(({ state }) => state),
    context.reviews.map(({ hash, signOffs }) => [hash === null, signOffs.length]),
  ]);
}

/** What tells one command of a state from another: not the ids and instants, which each run has its own of. */
function kindOf(event: ItemMachineEvent): string {
  if (!('actor' in event)) return `${event.type} ${'outcome' in event ? event.outcome : ''}`;
  const { decision, outcome, draft, brief, publications } = event.refs as {
    decision?: string;
    outcome?: string;
    draft?: { hash: string };
    brief?: { hash: string };
    publications?: unknown[];
  };
  const { memberId } = event.actor;
  return JSON.stringify([
    event.type,
    memberId,
    [decision, outcome, draft?.hash, brief?.hash, publications?.length],
  ]);
}

/** Drives a real run along a path of the machine, and says so when it goes another way. */
export class PathRun {
  readonly itemId: string;
  readonly #temporal: Client;
  readonly #path: MachinePath;
  readonly #script: Script;
  readonly #number: number;
  readonly #taskQueue: string;
  #sent = 0;

  constructor(
    temporal: Client,
    given: { itemId: string; path: MachinePath; number: number; script: Script; taskQueue: string },
  ) {
    this.#temporal = temporal;
    this.itemId = given.itemId;
    this.#path = given.path;
    this.#number = given.number;
    this.#script = given.script;
    this.#taskQueue = given.taskQueue;
  }

  get #handle(): WorkflowHandle<typeof contentItem> {
    return this.#temporal.workflow.getHandle<typeof contentItem>(itemWorkflowId(this.itemId));
  }

  async walk(): Promise<void> {
    const item = {
      ...worldInput(RECORDED_WORLD),
      itemId: this.itemId,
      at: new Date().toISOString(),
    };
    await this.#temporal.workflow.start<typeof contentItem>('contentItem', {
      workflowId: itemWorkflowId(this.itemId),
      taskQueue: this.#taskQueue,
      args: [{ item, commandId: `start:${this.itemId}`, actor: CAST.strategist.memberId }],
    });
    for (const leg of this.#path) await this.#go(leg);
    const { place } = this.#path.at(-1) ?? {};
    if (place !== undefined && isFinal(place)) {
      // A review that nobody waits for any more is frozen all the same.
      this.#script.reviews.give({ hash: hashOf(this.itemId) });
      await this.#handle.result();
      return;
    }
    await this.#extend();
  }

  async #go(leg: Leg): Promise<void> {
    // A run sends in the task in which a slot comes due: nobody sees it before.
    if (leg.event.type === 'publication_sending') return;
    const { place, context, now, snapshot } = await this.#look();
    const here = `path ${this.#number} in ${place}: ${kindOf(leg.event)}`;
    const event = eventsOf(place, context, RECORDED_WORLD, now).find(
      (possible) => kindOf(possible) === kindOf(leg.event),
    );
    if (event === undefined) throw new Error(`${here} is not possible`);
    const after = withSend(stepItem(snapshot, event).snapshot, event);
    const wanted = situation(placeOf(after), after.context);
    if (placeOf(after) !== leg.place) throw new Error(`${here} leads to ${placeOf(after)}`);
    if ('actor' in event) await this.#send(event);
    else this.#prepare(event);
    try {
      await this.#arrive(event, wanted);
    } catch (error) {
      throw new Error(`${here} does not lead to ${wanted}`, { cause: error });
    }
  }

  /** A deadline moved, where a clock runs: no path needs it. */
  async #extend(): Promise<void> {
    const { context, now } = await this.#look();
    if (context.clock === null) return;
    await this.#send(completeCommand('extend', { context, at: now }, CAST.strategist));
    const { context: after, now: later } = await this.#look();
    await this.#send(completeCommand('reassign', { context: after, at: later }, CAST.strategist));
    const { context: reassigned, now: last } = await this.#look();
    const moment = { context: reassigned, at: last };
    await this.#send(completeCommand('set_campaign', moment, CAST.strategist));
  }

  async #send(command: Command): Promise<void> {
    this.#sent += 1;
    const { at: _, ...message } = command;
    const id = `${this.itemId}:${this.#sent}`;
    const args: [object] = [{ ...message, id }];
    await this.#handle.executeUpdate<unknown, [object]>('command', { updateId: id, args });
  }

  /** Says to the services what the path has them answer. */
  #prepare(event: Exclude<ItemMachineEvent, Command>): void {
    switch (event.type) {
      case 'publication_settled': {
        this.#script.sends.give(...nextWay(event.outcome));
        return;
      }
      case 'review_frozen':
        this.#script.reviews.give({
          hash: hashOf(`${this.itemId} ${event.reviewId}`),
          ...(event.recommended !== undefined && { recommended: event.recommended }),
        });
        return;
      case 'checkpoint_recorded':
      case 'checkpoint_missed':
        this.#script.looks = nextLooks(event.type);
    }
  }

  /** Waits for what the leg leads to, and moves the run's time on while nothing else happens. */
  async #arrive(event: ItemMachineEvent, wanted: string): Promise<void> {
    const until = Date.now() + LATE_MS;
    for (let hops = 0; ; ) {
      const state = await this.#look();
      if (situation(state.place, state.context) === wanted) return;
      if (Date.now() > until) throw new Error(situation(state.place, state.context));
      const mayTravel = !('actor' in event) && state.idle && state.nextDeadline !== null;
      if (mayTravel) {
        hops += 1;
        // What was reported moves the next look: the hop is to where it is then.
        if (event.type === 'checkpoint_missed' && hops === 2) await this.#reportReadings();
        else await this.#hop(state);
      } else await delay(POLL_MS);
    }
  }

  /** Somebody stored readings that are not of this checkpoint: it looks again, and finds none. */
  async #reportReadings(): Promise<void> {
    await this.#handle.signal('readings_added', { publicationId: null });
  }

  async #hop({ now, nextDeadline, seq }: RunState): Promise<void> {
    const distance = Math.max(0, Date.parse(nextDeadline ?? now) - Date.parse(now)) + PAST_MS;
    const target = Date.parse(now) + distance;
    await fastForward(this.#temporal, this.itemId, distance);
    const until = Date.now() + LATE_MS;
    for (;;) {
      const state = await this.#look();
      if (state.seq > seq || Date.parse(state.now) >= target - PAST_MS) return;
      if (Date.now() > until) throw new Error(`the run did not come to ${nextDeadline}`);
      await delay(POLL_MS);
    }
  }

  async #look(): Promise<RunState & { place: Place; context: ItemContext }> {
    const until = Date.now() + LATE_MS;
    for (;;) {
      try {
        const state = await this.#handle.query<RunState>('state');
        return { ...state, place: placeOf(state.snapshot), context: state.snapshot.context };
      } catch (error) {
        if (!isBeginning(error) || Date.now() > until) throw error;
        await delay(POLL_MS);
      }
    }
  }
}

/** A run that begins anew has no task yet, so nobody can be asked. */
function isBeginning(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : null;
  return isGrpcServiceError(cause) && cause.code === NO_TASK_YET;
}

function withSend(snapshot: ItemSnapshot, { type, at }: ItemMachineEvent): ItemSnapshot {
  const due = snapshot.context.publications.find(({ state }) => state === 'due');
  return type === 'publication_due' && due !== undefined
    ? stepItem(snapshot, { type: 'publication_sending', at, publicationId: due.id }).snapshot
    : snapshot;
}
