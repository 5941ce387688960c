import type { Role } from '../../people/roles.ts';
import { ACCESS_REQUIREMENTS } from './access.ts';
import { APPROVAL_REQUIREMENTS } from './approval.ts';
import { CAMPAIGN_REQUIREMENTS } from './campaign.ts';
import { HANDOFF_REQUIREMENTS } from './handoff.ts';
import { REVIEW_REQUIREMENTS } from './kpi-review.ts';
import type { Requirement } from './question.ts';
import { SCHEDULE_REQUIREMENTS } from './schedule.ts';

const FAMILIES = {
  ...ACCESS_REQUIREMENTS,
  ...HANDOFF_REQUIREMENTS,
  ...APPROVAL_REQUIREMENTS,
  ...CAMPAIGN_REQUIREMENTS,
  ...SCHEDULE_REQUIREMENTS,
  ...REVIEW_REQUIREMENTS,
};

export type RequirementCode = keyof typeof FAMILIES;

/** Named conditions of the guards. Closed list. */
export const REQUIREMENTS: Readonly<Record<RequirementCode, Requirement>> = FAMILIES;

export const REQUIREMENT_CODES = Object.keys(REQUIREMENTS) as RequirementCode[];

/** An unmet requirement. Entries of a checklist read `checklist.<code>`. */
export interface Unmet {
  code: RequirementCode | `checklist.${string}`;
  message: string;
  role?: Role;
}

/** True for a requirement about who asks. */
export function isAboutActor(code: Unmet['code']): boolean {
  return REQUIREMENT_CODES.some((known) => known === code && REQUIREMENTS[known].about === 'actor');
}
