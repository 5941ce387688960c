import type { Reason } from '../item/commands/reasons.ts';
import type { Stage } from '../item/stages.ts';
import type { KpiId } from '../kpi/catalogue.ts';
import type { Verdict } from '../kpi/verdict-schema.ts';
import type { Role } from '../people/roles.ts';

export const LANGUAGES = ['fr', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Words for the codes of the glossary. */
export interface Labels {
  stages: Record<Stage, string>;
  roles: Record<Role, string>;
  reasons: Record<Reason, string>;
  kpis: Record<KpiId, string>;
  verdicts: Record<Verdict, string>;
}
