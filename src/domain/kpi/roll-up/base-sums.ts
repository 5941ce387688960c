import { MEASURE_IDS, MEASURES, type MeasureId } from '../measure-rules.ts';
import { countOf, type Scope } from '../readings.ts';
import { accountTree, type Coverage, gather, inputsIn, type ScopeNode } from './rollup.ts';

/** Base measures of one scope, rolled up: sums of what may be added, the rest under `gross_` names. */
export interface RollUp {
  scope: Scope;
  values: Partial<Record<MeasureId, number>>;
  gross: Partial<Record<`gross_${MeasureId}`, number>>;
  coverage: Partial<Record<MeasureId, Coverage>>;
}

/**
 * Rolls base measures up: post → channel account → item. Counters are added. A unique or a snapshot
 * keeps its name only where one figure covers the whole scope; added up it is called `gross_…`. A
 * measure that no part has is absent, never 0.
 */
export function rollUp(tree: ScopeNode): RollUp {
  const rolled: RollUp = { scope: tree.scope, values: {}, gross: {}, coverage: {} };
  const accounts = tree.scope.startsWith('publication:') ? tree : accountTree(tree);
  for (const measure of measuresIn(tree)) {
    const base = measure === 'followers' ? accounts : tree;
    const { sums, cells, coverage } = gather(base, { required: [measure], exposed: [] });
    const value = sums[measure];
    if (value === undefined) continue;
    rolled.coverage[measure] = coverage;
    const whole = countOf(cells.get(measure) ?? []) === 1 && coverage.missing.length === 0;
    if (MEASURES[measure].rollUp === 'sum' || whole) rolled.values[measure] = value;
    else rolled.gross[`gross_${measure}`] = value;
  }
  return rolled;
}

function measuresIn(tree: ScopeNode): MeasureId[] {
  const found = inputsIn(tree);
  return MEASURE_IDS.filter((measure) => found.has(measure));
}
