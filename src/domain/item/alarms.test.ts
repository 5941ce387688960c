import { describe, expect, it } from 'vitest';
import { later, MINUTE } from '../../../test/machine/item-fixture.ts';
import { RUN_AT, toScheduled } from '../../../test/machine/item-journeys.ts';
import { alarmsOf } from './alarms.ts';
import { deadlinesOf } from './deadlines.ts';
import { itemRowOf } from './row.ts';
import { PLACES } from './stages.ts';

describe('alarms', () => {
  it.each(PLACES)('in %s are in the order of their time, and the row names the first', (place) => {
    const run = RUN_AT[place]();
    const alarms = alarmsOf(run.place, run.context);
    expect(alarms.map(({ at }) => at)).toEqual(alarms.map(({ at }) => at).sort());
    expect(itemRowOf(run.snapshot, 1)).toMatchObject({
      alarms,
      nextAlarmAt: alarms[0]?.at ?? null,
    });
  });

  it.each(PLACES)('in %s are set for every deadline', (place) => {
    const run = RUN_AT[place]();
    const timers = alarmsOf(run.place, run.context).filter(({ code }) => code === 'timer_overdue');
    expect(timers).toHaveLength(deadlinesOf(run.place, run.context).length);
  });

  it('of a planned slot: late a quarter of an hour after its time', () => {
    const run = toScheduled();
    const [record] = run.context.publications;
    const [late] = alarmsOf(run.place, run.context).filter(
      ({ code }) => code === 'publication_late',
    );
    expect(late).toMatchObject({ at: later(record?.at ?? '', 15 * MINUTE), since: record?.at });
  });

  it('has none for a slot whose time cannot be read', () => {
    const run = toScheduled();
    const publications = run.context.publications.map((record) => ({ ...record, at: 'soon' }));
    const codes = alarmsOf(run.place, { ...run.context, publications }).map(({ code }) => code);
    expect(codes).not.toContain('publication_late');
    expect(codes).not.toContain('slot_without_approval');
  });
});
