import type { Duration } from '../playbook/playbook.ts';
import type { ClockFacts, ClockSteps } from './commands/facts.ts';
import type { ItemContext, StageClock } from './context.ts';
import { type ClockedStage, isClockedStage, type Stage } from './stages.ts';

const MINUTE_MS = 60_000;
const UNIT_MS: Record<Duration['unit'], number> = {
  minutes: MINUTE_MS,
  hours: 60 * MINUTE_MS,
  business_hours: 60 * MINUTE_MS,
  business_days: 24 * 60 * MINUTE_MS,
};

/** A clock's steps in plain time: used for absolute durations, and where no calendar could be asked. */
export function fallbackSteps(duration: Duration, startMs: number): ClockSteps {
  return stepsOver(startMs, duration.amount * UNIT_MS[duration.unit]);
}

/** The 50, 80, 100 and 150 % instants of a period, in epoch milliseconds. */
export function stepsOver(startMs: number, lengthMs: number): ClockSteps {
  const step = (share: number) => startMs + Math.round(share * lengthMs);
  return [step(0.5), step(0.8), step(1), step(1.5)];
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
  return newClock(stage, now, facts?.[stage] ?? fallbackSteps(context.playbook.clocks[stage], now));
}

function newClock(stage: ClockedStage, startedAt: number, steps: ClockSteps): StageClock {
  return { stage, startedAt, steps, fired: 0, pausedAt: null };
}

/** When the stage is due (100 % of its clock), or null where no clock runs. */
export function dueAtOf(context: ItemContext): string | null {
  return context.clock === null ? null : new Date(context.clock.steps[2]).toISOString();
}
