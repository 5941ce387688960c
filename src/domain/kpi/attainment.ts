import { type KpiDefinition, type KpiId, kpiDefinition } from './catalogue.ts';
import type { Band, Verdict } from './verdict-schema.ts';

/** Higher is better: value / target. Lower is better: target / value. */
export function attainment(
  direction: KpiDefinition['direction'],
  value: number | null,
  target: number | null,
): number | null {
  if (value === null || target === null || target <= 0) return null;
  if (direction === 'higher') return value / target;
  return value > 0 ? target / value : null;
}

/** From which attainment on a light is green or amber, where the KPI says nothing else. */
const BANDS: NonNullable<KpiDefinition['bands']> = { green: 1, amber: 0.9 };

const JUDGED: readonly Verdict[] = ['met', 'missed', 'inconclusive'];

/** True for a verdict that a figure was compared with its target for. */
export function isJudged(verdict: Verdict): boolean {
  return JUDGED.includes(verdict);
}

/** The light beside a verdict. What is not judged has none. */
export function bandOf(
  kpi: KpiId,
  { verdict, attainment: share }: { verdict: Verdict; attainment: number | null },
): Band | null {
  if (share === null || !isJudged(verdict)) return null;
  const { green, amber } = kpiDefinition(kpi).bands ?? BANDS;
  // 0.072 of 0.08 is 90 %, and 0.8999999999999999 as a quotient of doubles.
  const exact = Number(share.toPrecision(12));
  if (exact >= green) return 'green';
  return exact >= amber ? 'amber' : 'red';
}
