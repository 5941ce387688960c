import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import { graphOf, type Node } from '../machine/item-graph.ts';
import { LINE, type World } from '../machine/item-world.ts';

/** The people and services of the recorded paths: every command on one publication. */
export const RECORDED_WORLD: World = {
  ...LINE,
  accounts: ['sandbox'],
  drafts: [1, 2],
  extras: [
    'withdraw_handoff',
    'decline_handoff',
    'unschedule',
    'open_kpi_review',
    'sign_off',
    'hold',
    'cancel',
  ],
};

/** One transition of a path, and where the item is after it. */
export interface Leg {
  event: ItemMachineEvent;
  place: Place;
  context: ItemContext;
}

export type MachinePath = Leg[];

/** Longer ones make no further point, and larger histories. */
const MAX_LEGS = 40;

/** A real run sends at once, and its clock stands still while an activity is under way. */
function isOutOfOrder(event: ItemMachineEvent, { publications, reviews }: ItemContext): boolean {
  const has = (wanted: string) => publications.some(({ state }) => state === wanted);
  if (has('due')) return event.type !== 'publication_sending';
  const waits = has('sending') || reviews.at(-1)?.hash === null;
  return waits && /_due$|_passed$|^checkpoint_/.test(event.type);
}

/** What of a transition a recording should show: where, what, with which decision or outcome. */
export function labelOf(place: Place, event: ItemMachineEvent): string {
  const detail = 'outcome' in event ? event.outcome : 'refs' in event ? choiceOf(event.refs) : '';
  return `${place} ${event.type} ${detail}`;
}

/** The same of an edge, and whether the decision went back to the strategist. */
function labelOfEdge({ from, event, to }: Edge): string {
  const isReturned = event.type === 'sign_off' && to.context.reviews.at(-1)?.signOffs.length === 0;
  return `${labelOf(from.place, event)}${isReturned ? ' returned' : ''}`;
}

function choiceOf(refs: object): string {
  const { decision = '', outcome = '' } = refs as { decision?: string; outcome?: string };
  return decision + outcome;
}

/**
 * Paths of the machine that together take every kind of transition of the world, each from the start:
 * always the shortest way to one that no path has taken yet.
 */
export function machinePaths(world: World = RECORDED_WORLD): MachinePath[] {
  const graph = graphOf(world, { without: (event, _, context) => isOutOfOrder(event, context) });
  const [start] = graph.values();
  if (start === undefined) throw new Error('the world is empty');
  const taken = new Set<string>();
  const paths: MachinePath[] = [];
  for (;;) {
    const path: MachinePath = [];
    let at = start;
    while (path.length < MAX_LEGS) {
      const way = wayToNew(graph, at, taken);
      if (way === null) break;
      for (const { from, event, to } of way) {
        taken.add(labelOfEdge({ from, event, to }));
        path.push({ event, place: to.place, context: to.context });
        at = graph.get(to.key) ?? to;
      }
    }
    if (path.length === 0) return paths;
    paths.push(path);
  }
}

interface Edge {
  from: Node;
  event: ItemMachineEvent;
  to: Node;
}

/** The shortest way from a node that ends with a kind of transition nobody took; null without one. */
function wayToNew(graph: Map<string, Node>, start: Node, taken: Set<string>): Edge[] | null {
  const cameBy = new Map<string, Edge | null>([[start.key, null]]);
  const queue = [start.key];
  for (const key of queue) {
    const node = graph.get(key);
    if (node === undefined) continue;
    for (const { event, to } of node.edges) {
      const edge = { from: node, event, to };
      if (!taken.has(labelOfEdge(edge))) return [...wayTo(cameBy, node), edge];
      if (cameBy.has(to.key)) continue;
      cameBy.set(to.key, edge);
      queue.push(to.key);
    }
  }
  return null;
}

function wayTo(cameBy: Map<string, Edge | null>, node: Node): Edge[] {
  const edge = cameBy.get(node.key) ?? null;
  return edge === null ? [] : [...wayTo(cameBy, edge.from), edge];
}
