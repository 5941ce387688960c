import { describe, expect, it, vi } from 'vitest';
import { PUBLICATION_STEPS } from '../../scripts/docs/machine-texts.ts';
import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import { deadlinesOf, eventForDeadline } from '../../src/domain/item/deadlines.ts';
import { itemMachine, MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { rolesFor } from '../../src/domain/item/requirements/requirements.ts';
import { waitingOn } from '../../src/domain/item/responsible.ts';
import { COMMAND_RULES } from '../../src/domain/item/rules.ts';
import { type ItemSnapshot, placeOf, stepItem } from '../../src/domain/item/run.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import { CAST } from './item-fixture.ts';
import { type Bounds, deadEnds, graphOf, type Node } from './item-graph.ts';
import { faultsBetween, faultsOf } from './item-invariants.ts';
import { toRefused } from './item-journeys.ts';
import { LINE, type World, worldInput } from './item-world.ts';

// Thousands of states take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** A world, and where its exploration ends because another world goes on from there. */
const WORLDS: Record<string, { world: World; bounds?: Bounds }> = {
  'every command on one publication': {
    world: {
      ...LINE,
      drafts: [1, 2],
      extras: [
        'withdraw_handoff',
        'decline_handoff',
        'unschedule',
        'open_kpi_review',
        'hold',
        'cancel',
      ],
    },
  },
  'two briefs, two texts, two creators of whom one is an editor': {
    world: {
      ...LINE,
      briefs: ['brief a', 'brief b'],
      drafts: [1, 2],
      creators: [CAST.creator, CAST.creatorAndEditor],
      editors: [CAST.editor, CAST.creatorAndEditor],
      outcomes: ['published'],
    },
    bounds: { stopWhen: isReviewing, without: isTentative },
  },
  'two accounts that may fail in every way': {
    world: { ...LINE, accounts: ['sandbox', 'mastodon'], extras: ['unschedule', 'hold'] },
    bounds: { stopWhen: isReviewing, without: isTentative },
  },
  'two accounts and an edit at any time': {
    world: {
      ...LINE,
      accounts: ['sandbox', 'mastodon'],
      drafts: [1, 2],
      outcomes: ['published', 'unknown'],
    },
    bounds: { stopWhen: isReviewing, without: isTentative },
  },
  'a refused post beside a published one, up to the verdict': {
    world: {
      ...LINE,
      accounts: ['sandbox', 'mastodon'],
      drafts: [1, 2],
      outcomes: ['published', 'rejected'],
      extras: ['unschedule', 'open_kpi_review', 'hold'],
    },
    bounds: {
      from: toRefused(worldInput(LINE)).snapshot,
      without: (event, place, { reviews }) =>
        isTentative(event, place) && (place !== 'kpi_review' || reviews.length > 1),
    },
  },
  'a campaign that is cancelled at any time': {
    world: { ...LINE, extras: ['unschedule'], campaign: true },
  },
};

function isReviewing(place: Place): boolean {
  return place === 'kpi_review';
}

/** Slots that are held before there is anything to plan; the first world has them. */
function isTentative({ type }: ItemMachineEvent, place: Place): boolean {
  return (
    type === 'plan_schedule' && !['scheduling.planning', 'scheduled', 'publishing'].includes(place)
  );
}

function faultsOfNode(node: Node): string[] {
  return [
    ...faultsOf(node),
    ...node.edges.flatMap(({ event, to }) => faultsBetween(node, event, to)),
  ];
}

/** Deadlines whose event would leave them standing: a run would meet them again and again. */
function stuckDeadlines({ place, context }: Node): string[] {
  const snapshot: ItemSnapshot = {
    machineVersion: MACHINE_VERSION,
    value: stateValueOf(place),
    context,
  };
  return deadlinesOf(place, context).flatMap((deadline) => {
    if (deadline.kind === 'checkpoint') return [];
    const event = eventForDeadline(deadline, context, deadline.at);
    if (event === null) return [`${deadline.kind} produces no event`];
    const next = stepItem(snapshot, event).snapshot;
    const stands = deadlinesOf(placeOf(next), next.context).some(
      (other) => JSON.stringify(other) === JSON.stringify(deadline),
    );
    return stands ? [`${deadline.kind} still stands after its event`] : [];
  });
}

/** The item waits for nobody and nothing, or for somebody who may not do what it waits for. */
function abandoned({ place, context }: Node): string[] {
  if (place === 'closed' || place === 'cancelled') return [];
  const waiting = waitingOn(place, context);
  const wrong = waiting.filter(({ role, for: wanted }) => {
    const type = wanted as keyof typeof COMMAND_RULES;
    const { in: places, toReplacePost = [] } = COMMAND_RULES[type];
    return (
      ![...places, ...toReplacePost].includes(place) ||
      !rolesFor(type, place, context).includes(role)
    );
  });
  const isWorking =
    context.publications.some(({ state }) => state === 'due' || state === 'sending') ||
    context.reviews.some(({ hash }) => hash === null) ||
    deadlinesOf(place, context).some(({ kind }) => kind !== 'clock_step');
  return [
    ...wrong.map(({ role, for: wanted }) => `${place} waits for ${wanted} of ${role}`),
    ...(waiting.length > 0 || isWorking ? [] : [`${place} waits for nobody`]),
  ];
}

describe.each(Object.entries(WORLDS))('%s', (_, { world, bounds }) => {
  const nodes = graphOf(world, bounds);
  const isEnd = ({ place, context }: Node) =>
    place === 'closed' || bounds?.stopWhen?.(place, context) === true;
  const all = [...nodes.values()];

  it('breaks no invariant in any state or transition', () => {
    expect([...new Set(all.flatMap(faultsOfNode))]).toEqual([]);
  });

  it('takes records from state to state as the page of the machine says', () => {
    const told = new Set(PUBLICATION_STEPS.map(([from, to]) => `${from} to ${to}`));
    const untold = all.flatMap(({ context, edges }) =>
      edges.flatMap(({ to: next }) =>
        context.publications.flatMap(({ id, state }) => {
          const to = next.context.publications.find((record) => record.id === id)?.state;
          // In one step with the send's outcome, a cancelled campaign lets go of what came back.
          if (state === to || next.place === 'cancelled') return [];
          return told.has(`${state} to ${to}`) ? [] : [`${state} to ${to}`];
        }),
      ),
    );
    expect([...new Set(untold)]).toEqual([]);
  });

  it('has no dead end: every open state can still be closed', () => {
    expect(all.some(isEnd)).toBe(true);
    const dead = deadEnds(nodes, (node) => isEnd(node) || node.place === 'cancelled');
    expect(dead.map(({ key }) => key)).toEqual([]);
  });

  it('can be closed without being cancelled', () => {
    const dead = deadEnds(nodes, isEnd).filter(
      ({ place, context }) => place !== 'cancelled' && context.cancelling === null,
    );
    expect(dead.map(({ key }) => key)).toEqual([]);
  });

  it('always waits for somebody who may act, or for something that happens', () => {
    expect([...new Set(all.flatMap(abandoned))]).toEqual([]);
  });

  it('leaves no deadline standing after its event', () => {
    expect([...new Set(oneOfAKind(all).flatMap(stuckDeadlines))]).toEqual([]);
  });

  it('is restored from JSON in every kind of state', () => {
    const changed = oneOfAKind(all).filter(({ place, context }) => {
      const text = JSON.stringify({ value: stateValueOf(place), context });
      const restored = itemMachine.resolveState(JSON.parse(text));
      return JSON.stringify({ value: restored.value, context: restored.context }) !== text;
    });
    expect(changed.map(({ key }) => key)).toEqual([]);
  });
});

/** One state of each place with the same records, approvals and handoff: what differs is by whom. */
function oneOfAKind(nodes: readonly Node[]): Node[] {
  const kinds = new Map<string, Node>();
  for (const node of nodes) {
    const { place, context } = node;
    const { publications, checkpoints, approvals, handoffs, reviews, heldFrom } = context;
    const kind = JSON.stringify([
      place,
      heldFrom,
      publications.map(({ state }) => state),
      checkpoints.map(({ state }) => state),
      [approvals, handoffs].map((list) => list.at(-1)?.state),
      reviews.length,
    ]);
    kinds.set(kind, node);
  }
  return [...kinds.values()];
}

function stateValueOf(place: string): ItemSnapshot['value'] {
  const [stage = place, substage] = place.split('.');
  return substage === undefined ? stage : { [stage]: substage };
}
