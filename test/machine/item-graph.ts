import type { SnapshotFrom } from 'xstate';
import { getAdjacencyMap, getSimplePaths } from 'xstate/graph';
import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import { itemMachine } from '../../src/domain/item/item.machine.ts';
import { type ItemSnapshot, placeOf, stepItem } from '../../src/domain/item/run.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import { faultsBetween, faultsOf } from './item-invariants.ts';
import { eventsOf, keyOf, type World, worldInput } from './item-world.ts';

export interface Node {
  key: string;
  place: Place;
  context: ItemContext;
  edges: { event: ItemMachineEvent; to: Node }[];
}

type Snapshot = SnapshotFrom<typeof itemMachine>;

export interface Bounds {
  /** Nothing is explored beyond such a state. */
  stopWhen?: (place: Place, context: ItemContext) => boolean;
  /** Where the exploration begins; the start of the item when left out. */
  from?: ItemSnapshot;
  /** Events that are left out. */
  without?: (event: ItemMachineEvent, place: Place, context: ItemContext) => boolean;
}

function traversal(world: World, { stopWhen, from, without }: Bounds) {
  return {
    ...(from === undefined
      ? { input: worldInput(world) }
      : {
          fromState: itemMachine.resolveState({
            value: from.value as never,
            context: from.context,
          }),
        }),
    limit: 200_000,
    serializeState: (state: Snapshot) => keyOf(placeOf(state), state.context),
    events: (state: Snapshot) =>
      eventsOf(placeOf(state), state.context, world).filter(
        (event) => without?.(event, placeOf(state), state.context) !== true,
      ),
    ...(stopWhen !== undefined && {
      stopWhen: (state: Snapshot) => stopWhen(placeOf(state), state.context),
    }),
  };
}

/** Every state that a world can reach, by its key, with every transition between them. */
export function graphOf(world: World, bounds: Bounds = {}): Map<string, Node> {
  const adjacency = getAdjacencyMap(itemMachine, traversal(world, bounds));
  const nodes = new Map<string, Node>();
  for (const [key, { state }] of Object.entries(adjacency)) {
    nodes.set(key, { key, place: placeOf(state), context: state.context, edges: [] });
  }
  for (const [key, { transitions }] of Object.entries(adjacency)) {
    for (const { event, state } of Object.values<{ event: ItemMachineEvent; state: Snapshot }>(
      transitions,
    )) {
      const to = nodes.get(keyOf(placeOf(state), state.context));
      if (to === undefined) throw new Error('a transition leads out of the graph');
      nodes.get(key)?.edges.push({ event, to: { ...to, context: state.context } });
    }
  }
  return nodes;
}

/** Every way through the graph that visits no state twice, one per state and way. */
export function pathsOf(world: World, bounds: Bounds = {}): ItemMachineEvent[][] {
  return getSimplePaths(itemMachine, traversal(world, bounds)).map(({ steps }) =>
    // The first step is the initial transition, whose event is xstate's own.
    steps.map(({ event }) => event).filter(({ type }) => !String(type).startsWith('xstate.')),
  );
}

/**
 * Walks a world breadth first and stops at the first state or transition that breaks an invariant.
 * @returns the fault and the event that led to it; null when none of the first `limit` states has one.
 */
export function firstFault(
  world: World,
  { from, limit }: { from: ItemSnapshot; limit: number },
): { fault: string; event: string } | null {
  const seen = new Set<string>();
  const queue = [from];
  for (let at = 0; at < queue.length && at < limit; at += 1) {
    const snapshot = queue[at];
    if (snapshot === undefined) break;
    const before = { place: placeOf(snapshot), context: snapshot.context };
    for (const event of eventsOf(before.place, before.context, world)) {
      const next = stepItem(snapshot, event).snapshot;
      const after = { place: placeOf(next), context: next.context };
      const [fault] = [...faultsBetween(before, event, after), ...faultsOf(after)];
      if (fault !== undefined) return { fault, event: event.type };
      const key = keyOf(after.place, after.context);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return null;
}

/** States from which none of the goals can be reached any more. */
export function deadEnds(nodes: Map<string, Node>, isGoal: (node: Node) => boolean): Node[] {
  const leadsTo = new Map<string, string[]>();
  for (const node of nodes.values()) {
    for (const { to } of node.edges) {
      leadsTo.set(to.key, [...(leadsTo.get(to.key) ?? []), node.key]);
    }
  }
  const alive = new Set([...nodes.values()].filter(isGoal).map(({ key }) => key));
  const queue = [...alive];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const from of leadsTo.get(key) ?? []) {
      if (alive.has(from)) continue;
      alive.add(from);
      queue.push(from);
    }
  }
  return [...nodes.values()].filter(({ key }) => !alive.has(key));
}

/** One state of each place with the same records, approvals and handoff: what differs is by whom. */
export function oneOfAKind(nodes: readonly Node[]): Node[] {
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

/** What the machine calls a place. */
export function stateValueOf(place: string): ItemSnapshot['value'] {
  const [stage = place, substage] = place.split('.');
  return substage === undefined ? stage : { [stage]: substage };
}
