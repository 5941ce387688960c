import type { Reason } from '../item/reasons.ts';
import type { Stage } from '../item/stages.ts';
import type { KpiId } from '../kpi/catalogue.ts';
import type { Verdict } from '../kpi/verdict.ts';
import { LABELS_EN } from './labels.en.ts';
import { LABELS_FR } from './labels.fr.ts';
import type { Role } from './roles.ts';

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

export const LABELS = { fr: LABELS_FR, en: LABELS_EN } as const satisfies Record<Language, Labels>;
