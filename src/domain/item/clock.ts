import type { ClockFacts, ClockSteps } from './commands/facts.ts';
import type { ItemContext, StageClock } from './context.ts';
import { type MachineRules, rulesOf } from './machine/rules.ts';
import { type ClockedStage, isClockedStage, type Stage } from './stages.ts';

const MINUTE_MS = 60_000;

/** A stage's steps in plain time: used for absolute durations, and where no calendar could be asked. */
export function fallbackSteps(
  context: Pick<ItemContext, 'playbook'>,
  stage: ClockedStage,
  startMs: number,
): ClockSteps {
  const { amount, unit } = context.playbook.clocks[stage];
  const { clockPercents, clockUnitMinutes } = rulesOf(context);
  return stepsOver(startMs, amount * clockUnitMinutes[unit] * MINUTE_MS, clockPercents);
}

/** The steps of a period, in epoch milliseconds. */
export function stepsOver(
  startMs: number,
  lengthMs: number,
  [half, most, full, over]: MachineRules['clockPercents'],
): ClockSteps {
  const step = (percent: number) => startMs + Math.round((percent / 100) * lengthMs);
  return [step(half), step(most), step(full), step(over)];
}

/** The clock of a stage that is entered now. A resumed stage gets its clock back, shifted by the pause. */
export function clockOnEntry(
  context: ItemContext,
  stage: Stage,
  at: string,
  facts: ClockFacts | undefined,
): StageClock | null {
  const now = Date.parse(at);
  const { clock, heldFrom } = context;
  if (heldFrom !== null && clock?.pausedAt != null && clock.stage === stage) {
    const pause = now - clock.pausedAt;
    const [half, most, full, over] = clock.steps;
    return {
      ...clock,
      steps: [half + pause, most + pause, full + pause, over + pause],
      pausedAt: null,
    };
  }
  if (!isClockedStage(stage)) return null;
  return newClock(stage, now, facts?.[stage] ?? fallbackSteps(context, stage, now));
}

function newClock(stage: ClockedStage, startedAt: number, steps: ClockSteps): StageClock {
  return { stage, startedAt, steps, fired: 0, pausedAt: null };
}

/** When the stage is due (100 % of its clock), or null where no clock runs. */
export function dueAtOf(context: ItemContext): string | null {
  return context.clock === null ? null : new Date(context.clock.steps[2]).toISOString();
}
