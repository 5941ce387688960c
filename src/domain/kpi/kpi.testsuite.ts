import type { OwnerRole } from '../people/roles.ts';
import { judgedFigure, KPI_IDS, type KpiId, kpiDefinition } from './catalogue.ts';
import { figureOf, type KpiFigure } from './figure.ts';
import type { Reading } from './measures.ts';
import { type MeasuredPublication, scopeTrees } from './roll-up/rollup.ts';

export interface ComputeOptions {
  checkpoint?: string | null;
  publications?: readonly MeasuredPublication[];
  /** Of a KPI with two figures: the one that a target of this size is meant for. */
  target?: number | null;
}

/** Computes a KPI of one item from base readings. */
export function computeKpi(
  kpi: KpiId,
  readings: Iterable<Reading>,
  { checkpoint = null, publications, target = null }: ComputeOptions = {},
): KpiFigure {
  const tree = scopeTrees({ readings, ...(publications && { publications }) })(checkpoint);
  return figureOf({ kpi, tree, checkpoint, figure: judgedFigure(kpi, target) });
}

/** KPIs of one role, in the order of the catalogue. */
export function kpisOfRole(role: OwnerRole): KpiId[] {
  return KPI_IDS.filter((kpi) => kpiDefinition(kpi).roles.includes(role));
}
