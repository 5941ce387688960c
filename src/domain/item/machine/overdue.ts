import type { OverduePolicy } from '../../playbook/overdue.ts';
import type { SystemEvent } from '../commands.ts';
import { type ItemContext, isSending } from '../context.ts';
import type { Place } from '../stages.ts';

/** Where work was handed over, and can go back to whoever did. */
export const RETURNABLE = ['briefing.offered', 'review.deciding', 'scheduling.offered'] as const;

type ClockStep = Extract<SystemEvent, { type: 'clock_step' }>;

/** The step happens: it is of this clock, its time has come, and it has not been. */
export function isStepDue({ clock }: ItemContext, { step, at }: ClockStep): boolean {
  if (clock === null || clock.pausedAt !== null || clock.fired > step) return false;
  // A timer armed before the clock was extended or shifted by a pause.
  return Date.parse(at) >= clock.steps[step];
}

/**
 * What the playbook has done to the item at this step: nothing before the last one. Nothing either while a
 * post is being sent, or may be out unseen, or its campaign ends it: then people are told, and decide.
 */
export function policyAt(context: ItemContext, event: ClockStep, place: Place): OverduePolicy {
  const { clock, playbook, publications, cancelling } = context;
  if (clock === null || event.step !== 3 || !isStepDue(context, event)) return 'none';
  const policy = playbook.overdue?.[clock.stage] ?? 'none';
  const isInFlight = publications.some(
    (record) => isSending(record) || (policy === 'cancel' && record.state === 'unknown'),
  );
  if (isInFlight || cancelling !== null) return 'none';
  if (policy === 'return' && !RETURNABLE.some((one) => one === place)) return 'none';
  return policy;
}
