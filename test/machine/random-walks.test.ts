import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ItemMachineEvent } from '../../src/domain/item/commands.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { ACCOUNTS, CAST, DAY, HOUR, MINUTE, TestRun } from './item-fixture.ts';
import { faultsBetween, faultsOf } from './item-invariants.ts';
import { plan, toPlanning } from './item-journeys.ts';
import { systemEventsAbout } from './item-system-events.ts';
import { eventsOf, LINE, nowOf, type World, worldInput } from './item-world.ts';

const WORLD: World = {
  ...LINE,
  accounts: ['sandbox', 'second', 'mastodon'],
  briefs: ['brief a', 'brief b'],
  drafts: [1, 2, 3],
  creators: [CAST.creator, CAST.creatorAndEditor],
  editors: [CAST.editor, CAST.creatorAndEditor],
  extras: ['withdraw_handoff', 'decline_handoff', 'unschedule', 'open_kpi_review', 'hold'],
};

const WAITS = [MINUTE, 20 * MINUTE, HOUR, DAY, 9 * DAY];

interface Choice {
  how: 'forward' | 'any' | 'insist' | 'mischief' | 'wait';
  pick: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  how: fc.oneof(
    { weight: 10, arbitrary: fc.constant('forward' as const) },
    { weight: 3, arbitrary: fc.constant('any' as const) },
    { weight: 2, arbitrary: fc.constant('insist' as const) },
    { weight: 2, arbitrary: fc.constant('mischief' as const) },
    { weight: 2, arbitrary: fc.constant('wait' as const) },
  ),
  pick: fc.nat(1_000),
});

/** Commands that take an item back; `forward` leaves them out, so that walks get far. */
const BACKWARD = [
  'save_brief',
  'save_draft',
  'hold',
  'withdraw_handoff',
  'decline_handoff',
  'unschedule',
];

function pool(run: TestRun, how: Exclude<Choice['how'], 'wait'>): ItemMachineEvent[] {
  const { place, context } = run;
  if (how === 'mischief') return systemEventsAbout(context, run.at);
  const world = { ...WORLD, insists: how === 'insist' };
  const events = eventsOf(place, context, world, run.at);
  if (how !== 'forward') return events;
  const ahead = events.filter(({ type }) => {
    if (type === 'plan_schedule') return place === 'scheduling.planning';
    return !BACKWARD.includes(type) || (type === 'save_draft' && context.draft === null);
  });
  return ahead.length > 0 ? ahead : events;
}

/** Takes one event as a run does: a command only if nothing is unmet. Answers what is wrong. */
function take(run: TestRun, event: ItemMachineEvent): string[] {
  const before = { place: run.place, context: run.context };
  const effects = run.effects.length;
  const text = JSON.stringify(run.snapshot);
  const faults: string[] = [];
  if ('actor' in event) {
    if (run.unmet(event).length > 0) return [];
    const told = run.obstacles(event.type, event.actor, event.facts);
    if (told.length > 0) faults.push(`accepted, but told as not allowed for ${told}`);
    run.send(event);
  } else {
    run.happen(event);
  }
  if (JSON.stringify(before.context) !== JSON.stringify(JSON.parse(text).context)) {
    faults.push('a transition changed the snapshot it started from');
  }
  faults.push(...faultsOf(run), ...faultsBetween(before, event, run));
  const started = run.effects.slice(effects).filter(({ type }) => type === 'start_publication');
  const became = run.context.publications.filter(
    ({ id, state }) =>
      state === 'due' && before.context.publications.find((old) => old.id === id)?.state !== 'due',
  );
  if (started.length !== became.length)
    faults.push('one send is started for each slot that is due');
  run.snapshot = JSON.parse(JSON.stringify(run.snapshot));
  return faults.map((fault) => `${fault} (${event.type} in ${before.place})`);
}

/** Where a walk begins: most of what can go wrong does so once slots are planned. */
const BEGINNINGS = {
  anew: () => new TestRun(worldInput(WORLD)),
  planned: () => {
    const run = toPlanning(worldInput(WORLD));
    plan(run, ACCOUNTS.sandbox, ACCOUNTS.second, ACCOUNTS.mastodon);
    return run;
  },
} as const;

function walk(run: TestRun, choices: readonly Choice[]): string[] {
  for (const { how, pick } of choices) {
    const now = nowOf(run.context);
    if (now > run.at) run.at = now;
    if (how === 'wait') {
      run.wait(WAITS[pick % WAITS.length] ?? MINUTE);
      const faults = faultsOf(run);
      if (faults.length > 0) return faults;
      continue;
    }
    const events = pool(run, how);
    const event = events[pick % Math.max(1, events.length)];
    if (event === undefined) break;
    const faults = take(run, event);
    if (faults.length > 0) return faults;
  }
  return verifyChain(run.events) === null ? [] : ['the chain is broken'];
}

describe.each(['anew', 'planned'] as const)('random walks that begin %s', (beginning) => {
  it('break no invariant, whatever people, time and faulty services do', () => {
    const ends = new Set<string>();
    const start = BEGINNINGS[beginning]();
    fc.assert(
      fc.property(fc.array(choice, { minLength: 30, maxLength: 60, size: 'max' }), (choices) => {
        const run = start.fork();
        expect(walk(run, choices)).toEqual([]);
        ends.add(run.place);
      }),
      { numRuns: 40 },
    );
    // Walks that never leave the first stages would show nothing.
    expect(ends.size).toBeGreaterThan(3);
  }, 60_000);
});
