import { describe, expect, it } from 'vitest';
import { currentApprovals } from '../../src/domain/item/context.ts';
import { policyAt, RETURNABLE } from '../../src/domain/item/machine/overdue.ts';
import { waitingOn } from '../../src/domain/item/responsible.ts';
import { CLOCKED_STAGES, OPEN_PLACES, type Place, stageOf } from '../../src/domain/item/stages.ts';
import {
  OVERDUE_POLICIES,
  type OverduePolicy,
  RETURNABLE_STAGES,
} from '../../src/domain/playbook/overdue.ts';
import { pinPlaybook } from '../../src/domain/playbook/pin.ts';
import { Playbook } from '../../src/domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { ACCOUNTS, CAST, DAY, HOUR, type TestRun } from './item-fixture.ts';
import { RUN_AT, send, toScheduled } from './item-journeys.ts';

const CLOCKED = OPEN_PLACES.filter((place) =>
  CLOCKED_STAGES.some((stage) => stage === stageOf(place)),
);

/** A run whose playbook has a policy for the stage it is in. */
function runWith(policy: OverduePolicy, run: TestRun): TestRun {
  const { context } = run;
  const overdue = { [context.stage]: policy };
  run.snapshot = {
    ...run.snapshot,
    context: { ...context, playbook: { ...context.playbook, overdue } },
  };
  return run;
}

/** The last step of the clock that runs, at its time, and nothing else that time brings. */
function runOut(run: TestRun): string[] {
  const { clock } = run.context;
  if (clock === null) throw new Error(`no clock runs in ${run.place}`);
  run.at = new Date(Math.max(clock.steps[3], Date.parse(run.at))).toISOString();
  return run.happen({ type: 'clock_step', at: run.at, step: 3, percent: 150 });
}

describe('an item that has used up its clock', () => {
  it.each(CLOCKED)('in %s only tells people where its playbook says nothing', (place) => {
    const run = RUN_AT[place]();
    expect(runOut(run)).toEqual(['item.escalated']);
    expect(run.place).toBe(place);
    expect(runOut(runWith('none', RUN_AT[place]()))).toEqual(['item.escalated']);
  });

  it.each(CLOCKED)('in %s is held, and resumed by its role to where it was', (place) => {
    const run = runWith('hold', RUN_AT[place]());
    const waited = waitingOn(place, run.context);
    expect(runOut(run)).toEqual(['item.escalated', 'item.held', 'item.stage_changed']);
    expect(run.place).toBe('on_hold');
    const [waiting] = waitingOn('on_hold', run.context);
    expect(waiting).toMatchObject({ for: 'resume' });
    expect(waiting?.memberId).toBeUndefined();
    run.wait(HOUR);
    run.give('resume', CAST.admin, { reason: 'it goes on' });
    expect(run.place).toBe(place);
    expect(waitingOn(place, run.context)).toEqual(waited);
    // The ladder of this stage is over: it stays overdue until somebody extends it.
    expect(run.wait(30 * DAY)).not.toContain('item.escalated');
  });

  it.each(RETURNABLE)('in %s goes back to whoever handed it over', (place) => {
    const run = runWith('return', RUN_AT[place]());
    runOut(run);
    expect(run.place).toBe(
      place.startsWith('briefing') ? 'briefing.drafting' : 'creation.drafting',
    );
    expect(run.context.handoffs.at(-1)?.state).not.toBe('offered');
    expect(currentApprovals(run.context)?.state).not.toBe('open');
  });

  it.each(CLOCKED.filter((place) => !RETURNABLE.some((one) => one === place)))(
    'in %s has nobody to go back to',
    (place) => {
      const run = runWith('return', RUN_AT[place]());
      expect(runOut(run)).toEqual(['item.escalated']);
      expect(run.place).toBe(place);
    },
  );

  it.each(CLOCKED)('in %s is cancelled; what is out stays out', (place) => {
    const run = runWith('cancel', RUN_AT[place]());
    const out = run.context.publications.filter(({ state }) => state === 'published');
    expect(runOut(run)).toContain('item.cancelled');
    expect(run.place).toBe('cancelled');
    expect(run.context.publications.filter(({ state }) => state === 'published')).toEqual(out);
  });

  it.each(OVERDUE_POLICIES)('is not touched while a post is being sent (%s)', (policy) => {
    for (const outcome of ['due', 'sending'] as const) {
      const run = toScheduled();
      send(run, ACCOUNTS.sandbox, outcome);
      runWith(policy, run);
      expect(runOut(run)).toEqual(['item.escalated']);
      expect(run.place).toBe('publishing');
    }
  });

  it('is not cancelled while a post may be out unseen', () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'unknown');
    expect(runOut(runWith('cancel', run))).toEqual(['item.escalated']);
    expect(run.place).toBe('publishing');
  });

  it.each(OVERDUE_POLICIES)('is never approved by silence (%s)', (policy) => {
    const run = runWith(policy, RUN_AT['review.deciding']());
    run.wait(90 * DAY);
    expect(run.types).not.toContain('gate.closed');
    expect(run.context.approvals.every(({ state }) => state !== 'granted')).toBe(true);
  });

  it('is touched by no earlier step, on no hold, and once', () => {
    const run = runWith('hold', RUN_AT['review.deciding']());
    const { clock } = run.context;
    for (const step of [0, 1, 2] as const) {
      const at = new Date(clock?.steps[3] ?? 0).toISOString();
      const event = { type: 'clock_step', at, step, percent: 100 } as const;
      expect(policyAt(run.context, event, run.place)).toBe('none');
    }
    runOut(run);
    const held = run.snapshot;
    run.happen({ type: 'clock_step', at: run.at, step: 3, percent: 150 });
    expect(run.snapshot).toEqual(held);
  });
});

describe('the policy of a playbook', () => {
  const parsed = (overdue: object) => Playbook.safeParse({ ...STANDARD_PLAYBOOK, overdue });

  it('is pinned by an item, and absent where the playbook has none', () => {
    const overdue = { review: 'return', creation: 'hold' } as const;
    expect(pinPlaybook({ ...STANDARD_PLAYBOOK, overdue }).overdue).toEqual(overdue);
    expect(pinPlaybook(STANDARD_PLAYBOOK)).not.toHaveProperty('overdue');
  });

  it('is one of four, of a stage with a clock, and returns only what was handed over', () => {
    expect(parsed({ review: 'approve' }).success).toBe(false);
    expect(parsed({ measuring: 'hold' }).success).toBe(false);
    for (const stage of CLOCKED_STAGES) {
      const isReturnable = RETURNABLE_STAGES.some((one) => one === stage);
      expect(parsed({ [stage]: 'return' }).success, stage).toBe(isReturnable);
      expect(parsed({ [stage]: 'cancel' }).success, stage).toBe(true);
    }
    const stages = new Set(RETURNABLE.map((place: Place) => stageOf(place)));
    expect([...stages]).toEqual([...RETURNABLE_STAGES]);
  });
});
