import { describe, expect, it, vi } from 'vitest';
import { PUBLICATION_STEPS } from '../../scripts/docs/machine-texts.ts';
import { deadlinesOf, eventForDeadline } from '../../src/domain/item/deadlines.ts';
import { itemMachine, MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { rolesFor } from '../../src/domain/item/requirements/requirements.ts';
import { waitingOn } from '../../src/domain/item/responsible.ts';
import { COMMAND_RULES } from '../../src/domain/item/rules.ts';
import { type ItemSnapshot, placeOf, stepItem } from '../../src/domain/item/run.ts';
import { deadEnds, graphOf, type Node, oneOfAKind, stateValueOf } from './item-graph.ts';
import { faultsBetween, faultsOf } from './item-invariants.ts';
import { WORLDS } from './item-worlds.ts';

// Thousands of states take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

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
