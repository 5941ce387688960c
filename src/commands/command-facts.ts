import type { StoredItem } from '../db/item/items.ts';
import type { ClockFacts } from '../domain/item/commands/facts.ts';
import type { PinnedPlaybook } from '../domain/item/context.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import { CLOCKED_STAGES } from '../domain/item/stages.ts';
import { type BusinessCalendar, clockSteps } from '../time/business-calendar.ts';

/** The item's own time: real time plus what time travel put its run ahead (local stack only). */
export function itemTime(item: Pick<StoredItem, 'clockOffsetMs'> | null): string {
  return new Date(Date.now() + (item?.clockOffsetMs ?? 0)).toISOString();
}

/** Clocks for every stage that may begin at `now`, by the business calendar of the workspace. */
export function clockFacts({
  calendar,
  playbook,
  now,
}: {
  calendar: BusinessCalendar;
  playbook: Pick<PinnedPlaybook, 'clocks' | 'rules'>;
  now: string;
}): ClockFacts {
  const { clockPercents } = rulesOf({ playbook });
  const clocks: ClockFacts = {};
  for (const stage of CLOCKED_STAGES) {
    const [half, most, full, over] = clockSteps(
      now,
      playbook.clocks[stage],
      calendar,
      clockPercents,
    );
    clocks[stage] = [Date.parse(half), Date.parse(most), Date.parse(full), Date.parse(over)];
  }
  return clocks;
}
