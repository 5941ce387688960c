import { describe, expect, it } from 'vitest';
import { hashOf } from '../../src/domain/canonical.ts';
import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import { TestRun } from './item-fixture.ts';
import { type Bounds, pathsOf } from './item-graph.ts';
import { faultsBetween, faultsOf } from './item-invariants.ts';
import { toRefused } from './item-journeys.ts';
import { LINE, type World, worldInput } from './item-world.ts';

/** One publication, planned once, and one review. */
function isMore(
  event: ItemMachineEvent,
  place: Place,
  { publications }: { publications: readonly unknown[] },
): boolean {
  switch (event.type) {
    case 'plan_schedule':
      return place !== 'scheduling.planning' || publications.length > 0;
    case 'resolve_publication':
      return event.refs.outcome === 'publish_again';
    case 'skip_publication':
      return true;
    case 'sign_off':
      return event.refs.decision === 'extend_measurement';
    default:
      return false;
  }
}

/** The paths that are not the beginning of another. */
function longest(paths: readonly ItemMachineEvent[][]): ItemMachineEvent[][] {
  const begun = new Set<string>();
  return [...paths]
    .sort((a, b) => b.length - a.length)
    .filter((path) => {
      let text = '';
      const beginnings = path.map((event) => {
        text = hashOf(text + JSON.stringify(event));
        return text;
      });
      if (begun.has(text)) return false;
      for (const beginning of beginnings) begun.add(beginning);
      return true;
    });
}

/** Planned once more at most, on one account; the content stays, and every checkpoint is read. */
function isThirdTry(
  event: ItemMachineEvent,
  place: Place,
  { publications, reviews }: ItemContext,
): boolean {
  switch (event.type) {
    case 'plan_schedule':
      return publications.length > 2 || event.refs.publications.length !== 1;
    case 'hold':
      return place !== 'measuring';
    case 'sign_off':
      return event.refs.decision === 'extend_measurement' || reviews.length > 1;
    case 'checkpoint_missed':
    case 'slot_passed':
      return true;
    default:
      return false;
  }
}

describe.each<[string, number, World, Bounds]>([
  [
    'every path with one revision round and one publication, whatever becomes of it',
    400,
    { ...LINE, extras: ['withdraw_handoff', 'decline_handoff', 'open_kpi_review'] },
    { without: (event, ...at) => isMore(event, ...at) || event.type === 'slot_passed' },
  ],
  [
    'every path with one revision round and a slot that is missed on hold',
    200,
    { ...LINE, outcomes: ['published'], extras: ['hold'] },
    {
      without: (event, place, context) =>
        isMore(event, place, context) || (event.type === 'hold' && place !== 'scheduled'),
    },
  ],
  [
    'every path from a refused post beside a published one',
    400,
    {
      ...LINE,
      accounts: ['sandbox', 'mastodon'],
      briefs: [],
      drafts: [],
      outcomes: ['published', 'rejected'],
      extras: ['hold'],
    },
    { from: toRefused(worldInput(LINE)).snapshot, without: isThirdTry },
  ],
])('%s', (_, atLeast, world, bounds) => {
  it('is walked with a chain that verifies and no broken invariant', () => {
    const paths = pathsOf(world, bounds);
    expect(paths.length).toBeGreaterThan(atLeast);
    const ends = new Set<string>();
    const faults = new Set<string>();
    for (const path of longest(paths)) {
      const run = new TestRun(bounds.from ?? worldInput(world));
      for (const event of path) {
        run.at = event.at;
        const before = { place: run.place, context: run.context };
        if ('actor' in event) run.send(event);
        else run.happen(event);
        for (const fault of faultsBetween(before, event, run)) faults.add(fault);
      }
      for (const fault of faultsOf(run)) faults.add(fault);
      if (verifyChain(run.events) !== null) faults.add('the chain verifies');
      ends.add(run.place);
    }
    expect([...faults]).toEqual([]);
    expect(ends).toContain('closed');
  }, 60_000);
});
