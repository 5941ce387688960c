import type { ClockedStage } from '../item/stages.ts';
import { keysOf } from '../keys.ts';

/** What becomes of an item whose stage has used up its clock. No policy approves anything. */
const POLICIES = {
  /** People are told, and nothing else. */
  none: true,
  /** On hold, until its stage's role resumes it. */
  hold: true,
  /** Back to whoever handed it over. */
  return: true,
  cancel: true,
} as const;
export type OverduePolicy = keyof typeof POLICIES;
export const OVERDUE_POLICIES = keysOf(POLICIES);

/** Stages in which work waits for whom it was handed to: it can go back. */
export const RETURNABLE_STAGES: readonly ClockedStage[] = ['briefing', 'review', 'scheduling'];
