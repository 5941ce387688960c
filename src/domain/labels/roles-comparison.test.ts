import { describe, expect, it } from 'vitest';
import { kpisOfRole } from '../kpi/kpi.testsuite.ts';
import { LABELS } from './labels.ts';
import { RolesComparison, rolesComparison } from './roles-comparison.ts';
import { COMPARISON_SECTIONS } from './roles-comparison-lines.ts';
import { LANGUAGES } from './words.ts';

const COMPARED = LANGUAGES.map((language) => rolesComparison(language));

/** Every path to a text, in order. */
function shape(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`));
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe.each(COMPARED)('the comparison in $language', (comparison) => {
  it('fits its schema', () => {
    expect(RolesComparison.parse(comparison)).toEqual(comparison);
  });

  it('has the three roles with every section filled', () => {
    expect(comparison.roles.map(({ role }) => role)).toEqual([
      'strategist',
      'social_media_manager',
      'creator',
    ]);
    for (const profile of comparison.roles) {
      for (const section of COMPARISON_SECTIONS) expect(profile[section].length).toBeGreaterThan(3);
    }
  });

  it('names KPIs that the catalogue has for the role', () => {
    for (const { role, kpis } of comparison.roles) {
      for (const { kpi } of kpis) {
        expect(kpisOfRole(role)).toContain(kpi);
      }
    }
  });

  it('leaves no text empty and shows no code instead of a word', () => {
    for (const text of texts(comparison)) expect(text.trim()).not.toBe('');
    const lines = [
      ...comparison.across,
      ...comparison.roles.flatMap((profile) =>
        COMPARISON_SECTIONS.flatMap((section) => profile[section]),
      ),
    ];
    for (const { code, label } of lines) expect(label).not.toBe(code);
  });
});

it('both languages have the same shape', () => {
  const [french, english] = COMPARED;
  expect(shape(french)).toEqual(shape(english));
  expect(shape(LABELS.fr)).toEqual(shape(LABELS.en));
});

it('every KPI of a role but its stand-in by followers is compared', () => {
  for (const { role, kpis } of rolesComparison('en').roles) {
    const others = kpisOfRole(role).filter((kpi) => kpi !== 'er_followers');
    expect(kpis.map(({ kpi }) => kpi).toSorted()).toEqual(others.toSorted());
  }
});
