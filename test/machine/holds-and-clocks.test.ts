import { describe, expect, it } from 'vitest';
import { deadlinesOf } from '../../src/domain/item/deadlines.ts';
import { OPEN_PLACES } from '../../src/domain/item/stages.ts';
import { ACCOUNTS, actor, CAST, DAY, HOUR, later, MINUTE, START, TestRun } from './item-fixture.ts';
import { RUN_AT, send, toBriefing, toCreation, toPlanning, toScheduled } from './item-journeys.ts';

const HOLDABLE = OPEN_PLACES.filter((place) => place !== 'on_hold');

describe('on hold', () => {
  it.each(HOLDABLE)('%s is left and found again as it was', (place) => {
    const run = RUN_AT[place]();
    const before = run.context;
    run.give('hold', CAST.admin, { reason: 'a crisis' });
    expect(run.place).toBe('on_hold');
    run.at = later(run.at, MINUTE);
    run.give('resume', CAST.admin, { reason: 'it is over' });
    expect(run.place).toBe(place);
    const { clock, ...after } = run.context;
    const { clock: clockBefore, ...rest } = before;
    expect(after).toEqual(rest);
    if (clock === null || clockBefore === null) expect(clock).toBe(clockBefore);
    else expect(clock.steps).toEqual(clockBefore.steps.map((at) => at + MINUTE));
  });

  it('opens no second review when it ends', () => {
    const run = RUN_AT.kpi_review();
    run.give('hold', CAST.admin, { reason: 'a crisis' });
    expect(run.give('resume', CAST.admin, { reason: 'it is over' })).toEqual([
      'item.resumed',
      'item.stage_changed',
    ]);
    expect(run.context.reviews).toHaveLength(1);
  });

  it('moves no slot: one whose time passes meanwhile is missed, never sent', () => {
    const run = toScheduled();
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    expect(run.wait(DAY + HOUR)).toEqual(['publication.missed']);
    expect(run.effects).toEqual([]);
    run.give('resume', CAST.manager, { reason: 'it is over' });
    expect(run.place).toBe('publishing');
  });

  it('is left as the settled outcome says, not to where it began', () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'unknown');
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    const { id } = run.publication(ACCOUNTS.sandbox);
    run.give(
      'resolve_publication',
      CAST.manager,
      { publicationId: id, outcome: 'live', evidence: 'seen' },
      { slots: [] },
    );
    expect(run.place).toBe('on_hold');
    run.give('resume', CAST.manager, { reason: 'it is over' });
    expect(run.place).toBe('measuring');
  });

  it('is resumed by the roles of the stage it came from, or an admin', () => {
    const run = toPlanning();
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    expect(run.refusal('resume', CAST.creator, { reason: 'x' })).toEqual(['holds_role']);
    expect(run.refusal('resume', CAST.admin, { reason: 'x' })).toEqual([]);
  });

  it('cancelled, forgets where it came from', () => {
    const run = toPlanning();
    run.give('hold', CAST.manager, { reason: 'a crisis' });
    run.at = later(run.at, HOUR);
    run.give('cancel', CAST.strategist, { reason: 'no longer needed' });
    expect(run.context).toMatchObject({ heldFrom: null, held: null, stageEnteredAt: run.at });
  });
});

describe('a stage clock', () => {
  it('warns twice, says the breach and escalates', () => {
    const run = toBriefing();
    expect(run.wait(DAY)).toEqual(['sla.warned']);
    expect(run.wait(DAY)).toEqual(['sla.warned', 'sla.breached']);
    expect(run.wait(DAY)).toEqual(['item.escalated']);
    expect(run.wait(30 * DAY)).toEqual([]);
  });

  it('is not reset by a save', () => {
    const run = toCreation();
    const { clock } = run.context;
    run.at = later(run.at, HOUR);
    run.give('save_draft', CAST.creator, { draft: { ...DRAFT } });
    expect(run.context.clock).toEqual(clock);
    expect(run.context.stageEnteredAt).toBe(START);
  });

  it('takes the business calendar from the command that enters the stage', () => {
    const run = RUN_AT['briefing.offered']();
    const steps: [number, number, number, number] = [1, 2, 3, 4].map(
      (days) => Date.parse(run.at) + days * DAY,
    ) as [number, number, number, number];
    run.give('accept_handoff', CAST.creator, {}, { clocks: { creation: steps } });
    expect(run.context.clock?.steps).toEqual(steps);
  });

  it('stands still on hold', () => {
    const run = toBriefing();
    run.give('hold', CAST.strategist, { reason: 'a crisis' });
    expect(run.wait(30 * DAY)).toEqual([]);
    run.give('resume', CAST.strategist, { reason: 'it is over' });
    expect(run.wait(DAY)).toEqual(['sla.warned']);
  });

  it('takes no step of a timer that was armed before it moved', () => {
    const run = toBriefing();
    const before = run.snapshot;
    run.happen({ type: 'clock_step', at: later(run.at, HOUR), step: 0, percent: 50 });
    run.happen({ type: 'clock_step', at: later(run.at, 9 * DAY), step: 3, percent: 150 });
    expect(run.snapshot.context.clock?.fired).toBe(4);
    run.snapshot = before;
    run.give('hold', CAST.strategist, { reason: 'a crisis' });
    expect(
      run.happen({ type: 'clock_step', at: later(run.at, 9 * DAY), step: 0, percent: 50 }),
    ).toEqual([]);
  });
});

describe('an extension of the clock', () => {
  it('gives a full period from now, up to the instant asked for, or what the facts say', () => {
    const full = toCreation();
    full.at = later(full.at, 4 * DAY);
    full.give('extend', CAST.strategist, { reason: 'a holiday' });
    expect(full.context.clock?.steps[2]).toBe(Date.parse(full.at) + 5 * DAY);

    const until = toCreation();
    const instant = later(until.at, 20 * DAY);
    until.give('extend', CAST.strategist, { reason: 'a holiday', until: instant });
    expect(until.context.clock?.steps[2]).toBe(Date.parse(instant));

    const facts = toCreation();
    facts.give('extend', CAST.strategist, { reason: 'x' }, { clocks: { creation: [1, 2, 3, 4] } });
    expect(facts.context.clock?.steps).toEqual([1, 2, 3, 4]);
  });

  it('never brings the deadline forward', () => {
    const run = toCreation();
    const until = later(run.at, DAY);
    expect(run.refusal('extend', CAST.strategist, { reason: 'x', until })).toEqual([
      'extension_valid',
    ]);
  });

  it('ends a breach, and with it the right of the backup', () => {
    const run = RUN_AT['briefing.offered']();
    run.wait(2 * DAY);
    const backup = actor('mbr_backup', ['creator'], { backupFor: [CAST.creator.memberId] });
    run.give('extend', CAST.strategist, { reason: 'a holiday' });
    expect(run.refusal('accept_handoff', backup, {})).toEqual(['is_receiver']);
  });

  it('counts from the end of a hold', () => {
    const run = toCreation();
    run.give('hold', CAST.creator, { reason: 'a crisis' });
    run.at = later(run.at, 9 * DAY);
    run.give('extend', CAST.strategist, { reason: 'a holiday' });
    run.at = later(run.at, DAY);
    run.give('resume', CAST.creator, { reason: 'it is over' });
    expect(run.context.clock?.steps[2]).toBe(Date.parse(run.at) + 5 * DAY);
  });
});

describe('no clock', () => {
  it('runs while the system works or time has to pass', () => {
    for (const place of ['scheduled', 'measuring', 'closed', 'cancelled'] as const) {
      expect(RUN_AT[place]().context.clock).toBeNull();
    }
    const run = new TestRun(RUN_AT.closed().snapshot, START);
    expect(deadlinesOf(run.place, run.context)).toEqual([]);
  });
});

const DRAFT = {
  version: 1,
  hash: 'draft',
  assetKinds: [],
  variants: {},
  violations: [],
  failedChecks: [],
};
