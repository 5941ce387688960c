import { z } from 'zod';
import { KPI_IDS, KPI_UNITS, kpiDefinition } from '../kpi/catalogue.ts';
import { OWNER_ROLES, type OwnerRole } from '../people/roles.ts';
import { LABELS } from './labels.ts';
import { COMPARISON_EN, type ComparisonTexts } from './roles-comparison.en.ts';
import { COMPARISON_FR } from './roles-comparison.fr.ts';
import {
  COMPARISON_KPIS,
  COMPARISON_LEVELS,
  COMPARISON_PLACES,
  COMPARISON_SECTIONS,
  type ComparisonPlace,
  PLACES_ACROSS,
  PLACES_OF_LINES,
} from './roles-comparison-lines.ts';
import { LANGUAGES, type Language } from './words.ts';

export const ComparisonLine = z
  .object({
    code: z.string(),
    label: z.string(),
    place: z.enum(COMPARISON_PLACES).nullable().describe('where Baton has it; null: not there yet'),
    placeLabel: z.string().nullable(),
  })
  .meta({ id: 'ComparisonLine' });
export type ComparisonLine = z.infer<typeof ComparisonLine>;

export const RoleProfile = z
  .object({
    role: z.enum(OWNER_ROLES),
    name: z.string(),
    mission: z.string(),
    view: z.object({ level: z.enum(['campaign', 'channel', 'item']), label: z.string() }),
    responsibilities: z.array(ComparisonLine),
    skills: z.array(ComparisonLine),
    backgrounds: z.array(ComparisonLine),
    dailyActivities: z.array(ComparisonLine),
    collaborations: z.array(ComparisonLine),
    kpis: z.array(
      z.object({
        kpi: z.enum(KPI_IDS),
        label: z.string(),
        direction: z.enum(['higher', 'lower']).describe('which way is better'),
        unit: z.enum(KPI_UNITS),
      }),
    ),
  })
  .meta({ id: 'RoleProfile' });
export type RoleProfile = z.infer<typeof RoleProfile>;

/** The three roles side by side, in one language. */
export const RolesComparison = z
  .object({
    language: z.enum(LANGUAGES),
    title: z.string(),
    sections: z.record(z.enum([...COMPARISON_SECTIONS, 'kpis', 'across']), z.string()),
    roles: z.array(RoleProfile),
    across: z.array(ComparisonLine),
  })
  .meta({ id: 'RolesComparison' });
export type RolesComparison = z.infer<typeof RolesComparison>;

const TEXTS: Record<Language, ComparisonTexts> = { fr: COMPARISON_FR, en: COMPARISON_EN };

/** How the three roles compare: what they do, who they are, whom they work with, what they answer for. */
export function rolesComparison(language: Language): RolesComparison {
  const texts = TEXTS[language];
  return {
    language,
    title: texts.title,
    sections: texts.sections,
    roles: (['strategist', 'social_media_manager', 'creator'] as const).map((role) =>
      roleProfile(role, language),
    ),
    across: linesOf(texts.across, PLACES_ACROSS, texts.places),
  };
}

function roleProfile(role: OwnerRole, language: Language): RoleProfile {
  const { places, roles } = TEXTS[language];
  const texts = roles[role];
  const placed = PLACES_OF_LINES[role];
  const section = (name: keyof typeof placed) => linesOf(texts[name], placed[name], places);
  return {
    role,
    name: LABELS[language].roles[role],
    mission: texts.mission,
    view: { level: COMPARISON_LEVELS[role], label: texts.view },
    responsibilities: section('responsibilities'),
    skills: linesOf(texts.skills, 'member', places),
    backgrounds: linesOf(texts.backgrounds, null, places),
    dailyActivities: section('dailyActivities'),
    collaborations: section('collaborations'),
    kpis: COMPARISON_KPIS[role].map((kpi) => {
      const { direction, figures } = kpiDefinition(kpi);
      return { kpi, label: LABELS[language].kpis[kpi], direction, unit: figures[0].unit };
    }),
  };
}

/** @param placed a place for all lines, or one for each that has any. */
function linesOf(
  texts: Readonly<Record<string, string>>,
  placed: ComparisonPlace | null | Readonly<Partial<Record<string, ComparisonPlace>>>,
  words: Readonly<Record<ComparisonPlace, string>>,
): ComparisonLine[] {
  return Object.entries(texts).map(([code, label]) => {
    const place = typeof placed === 'object' ? (placed?.[code] ?? null) : placed;
    return { code, label, place, placeLabel: place === null ? null : words[place] };
  });
}
