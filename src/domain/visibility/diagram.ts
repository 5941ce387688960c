import { itemMachine } from '../item/item.machine.ts';
import { isFinal, PLACES, type Place } from '../item/stages.ts';

/** A transition of the machine. */
export interface Edge {
  from: Place;
  /** Null where the place stays. */
  to: Place | null;
  /** Empty for a rule that is looked at after every event. */
  event: string;
  guard: unknown;
}

/** Transitions that every open stage has alike: the drawing keeps what tells stages apart. */
export const EVERYWHERE: readonly string[] = ['cancel', 'campaign_cancelled', 'hold', 'resume'];

export const EDGES: readonly Edge[] = PLACES.flatMap(edgesFrom);

/**
 * The machine as a Mermaid state diagram.
 * @param present the place that is marked; null marks none.
 */
export function stateDiagram(present: Place | null): string[] {
  const drawn = new Map<string, string[]>();
  for (const { from, to, event } of EDGES) {
    if (to === null || EVERYWHERE.includes(event) || leavesFromEverywhere({ event, to })) continue;
    const arrow = `  ${idOf(from)} --> ${idOf(to)}`;
    const labels = drawn.get(arrow) ?? [];
    if (event !== '' && !labels.includes(event)) labels.push(event);
    drawn.set(arrow, labels);
  }
  return [
    'stateDiagram-v2',
    ...PLACES.map((place) => `  state "${place}" as ${idOf(place)}`),
    `  [*] --> ${idOf('briefing.drafting')}`,
    ...[...drawn].map(([arrow, labels]) =>
      labels.length === 0 ? arrow : `${arrow} : ${labels.join(', ')}`,
    ),
    ...PLACES.filter(isFinal).map((place) => `  ${idOf(place)} --> [*]`),
    ...(present === null ? [] : mark(present)),
  ];
}

/** The same for an item, as lists and the command line know it. */
export function diagramOf({
  stage,
  substage,
}: {
  stage: string;
  substage: string | null;
}): string[] {
  const path = substage === null ? stage : `${stage}.${substage}`;
  return stateDiagram(PLACES.find((place) => place === path) ?? null);
}

function mark(present: Place): string[] {
  return [
    '  classDef present fill:#ffd54f,stroke:#333333,color:#000000',
    `  class ${idOf(present)} present`,
  ];
}

/** Every open stage leads there in the same way: the end of its campaign, or what its playbook says of its clock. */
export function leavesFromEverywhere({ event, to }: Pick<Edge, 'event' | 'to'>): boolean {
  const isClock = event === 'clock_step' && (to === 'cancelled' || to === 'on_hold');
  return isClock || (event === '' && to === 'cancelled');
}

function idOf(place: Place): string {
  return place.replace('.', '_');
}

function edgesFrom(place: Place): Edge[] {
  const node = itemMachine.getStateNodeById(`item.${place}`);
  // A stage of one substage keeps its always-rules on the stage or on the substage.
  const own = [...node.transitions.values()].flat();
  return [...own, ...(node.always ?? [])].flatMap((definition): Edge[] => {
    const { eventType: event, guard, target = [] } = definition;
    if (target.length === 0) return [{ from: place, to: null, event, guard }];
    return target.map((node) => ({ from: place, to: placeOfNode(node), event, guard }));
  });
}

/** A compound target means its initial substage. */
function placeOfNode(node: { path: readonly string[] }): Place {
  const path = node.path.join('.');
  const exact = PLACES.find((place) => place === path);
  const inside = PLACES.find((place) => place.startsWith(`${path}.`));
  const place = exact ?? inside;
  if (place === undefined) throw new RangeError(`${path} is no place`);
  return place;
}
