import { judgedFigure, type KpiId, kpiDefinition } from '../catalogue.ts';
import { figureOf, type KpiFigure } from '../figure.ts';
import { formatValue } from '../format.ts';
import { checkpointAgeHours } from '../readings.ts';
import type { KpiTarget } from '../targets.ts';
import { verdictFor } from '../verdict.ts';
import type { VerdictRow } from '../verdict-schema.ts';
import type { ScopeNode } from './rollup.ts';

/** Missing parts that are named; the others are counted. */
export const MISSING_NAMES = 20;

/**
 * A row per KPI of one part at one checkpoint, judged where a target is set for it at this age.
 * @param input.isSlice it is not all of what the targets are set for: nothing is judged by them, and that is said.
 */
export function scopeKpis(input: {
  tree: ScopeNode;
  checkpoint: string | null;
  kpis: readonly KpiId[];
  targets?: readonly KpiTarget[] | undefined;
  isSlice?: boolean | undefined;
}): VerdictRow[] {
  const { tree, checkpoint, kpis, targets = [] } = input;
  const age = checkpoint === null ? null : checkpointAgeHours(checkpoint);
  return kpis.flatMap((kpi) => {
    const { roles, figures } = kpiDefinition(kpi);
    const [role] = roles;
    if (role === undefined) return [];
    const target =
      targets.find((one) => one.kpi === kpi && checkpointAgeHours(one.checkpoint) === age)
        ?.target ?? null;
    const chosen = judgedFigure(kpi, target);
    const of = (figure: typeof chosen) => named(figureOf({ kpi, tree, checkpoint, figure }));
    const beside = figures.filter((figure) => figure !== chosen).map(of);
    const figure = of(chosen);
    if (target === null || input.isSlice !== true) {
      return [verdictFor({ figure, beside, role, target })];
    }
    const targetElsewhere = `The target of ${formatValue(chosen.unit, target)} is set for the whole campaign.`;
    return [verdictFor({ figure, beside, role, target: null, targetElsewhere })];
  });
}

function named(figure: KpiFigure): KpiFigure {
  const { missing, ...coverage } = figure.coverage;
  return { ...figure, coverage: { ...coverage, missing: missing.slice(0, MISSING_NAMES) } };
}
