import { type KpiFigureDefinition, type KpiId, kpiDefinition } from './catalogue.ts';
import { type FloorCheck, firstBelow, floorInputs } from './floor.ts';
import { applyFormula, type Formula, type KpiInput } from './formula.ts';
import { type Interval, poissonInterval, wilsonInterval } from './interval.ts';
import type { Reading } from './measures.ts';
import {
  type Cell,
  checkpointAgeHours,
  compareText,
  countOf,
  isProvisionalReading,
  isStated,
  type Scope,
} from './readings.ts';
import {
  accountTree,
  type Coverage,
  gather,
  type InputCells,
  type ScopeNode,
} from './roll-up/rollup.ts';

/** What must not be added, and is added only under a name that says so. */
const NOT_ADDITIVE = ['reach', 'users', 'followers', 'followers_at_publish'] as const;
type GrossName = `gross_${(typeof NOT_ADDITIVE)[number]}`;

/** Why a figure has no value. */
export type NoValue =
  | { code: 'missing'; inputs: KpiInput[] }
  | { code: 'undefined'; denominator: string; numerator: number }
  | { code: 'inconsistent'; detail: string }
  | { code: 'not_additive'; largest: number; gross: number }
  | { code: 'hidden'; floor: FloorCheck };

/** One computed number of a KPI, before anyone judges it. */
export interface KpiFigure {
  kpi: KpiId;
  scope: Scope;
  checkpoint: string | null;
  definition: KpiFigureDefinition;
  formula: Formula;
  value: number | null;
  noValue: NoValue | null;
  numerator: number | null;
  denominator: number | null;
  interval: Interval | null;
  /** More than 100 % of a rate that is no strict proportion: shown as it is, flagged, no interval. */
  overOne: boolean;
  /** Figures that must not be added, added under a name that says so. */
  gross: Partial<Record<GrossName, number>>;
  coverage: Coverage;
  /** Inputs left out of the sum because no source exposes them. */
  notExposed: KpiInput[];
  belowFloor: FloorCheck | null;
  /** Some reading may still change at its source. */
  provisional: boolean;
  /** The youngest source reading is younger than the KPI may be judged at; hours needed. */
  tooYoung: number | null;
  /** Measures of which a person stated a number behind the value. */
  stated: string[];
  /** Readings without a checkpoint stood in for one. */
  unlabelled: boolean;
  /** How sources define the measures behind it, where they say so. */
  definitions: string[];
  /** Sources use different definitions of one measure. */
  mixedDefinitions: string[];
  /** The oldest reading used: the figure is no fresher than that. */
  asOf: string | null;
  readingIds: string[];
}

/** Computes one figure of a KPI over a tree of parts, whatever its root is. */
export function figureOf(input: {
  kpi: KpiId;
  tree: ScopeNode;
  checkpoint: string | null;
  figure: KpiFigureDefinition;
}): KpiFigure {
  const { kpi, checkpoint, figure } = input;
  const { parts, rollUp, settlesAfterHours } = kpiDefinition(kpi);
  const tree = parts === 'accounts' ? accountTree(input.tree) : input.tree;
  const { formula, gathered } = bestFormula(tree, figure);
  const inputs = [...formula.required, ...formula.exposed];
  const readings = distinctReadings(inputs.flatMap((one) => gathered.cells.get(one) ?? []));
  const computed = compute({ formula, figure, gathered, additive: rollUp !== 'gross' });
  return {
    kpi,
    scope: input.tree.scope,
    checkpoint,
    definition: figure,
    formula,
    ...computed,
    gross: grossOf(gathered, formula),
    coverage: gathered.coverage,
    notExposed: formula.exposed.filter((one) => !gathered.cells.has(one)),
    belowFloor: firstBelow(figure.floors, gathered.sums),
    provisional: readings.some(isProvisionalReading),
    tooYoung: isTooYoung(readings, checkpoint, settlesAfterHours)
      ? (settlesAfterHours ?? null)
      : null,
    stated: [...new Set(readings.filter(isStated).map(({ measure }) => measure))].sort(compareText),
    unlabelled: checkpoint !== null && readings.some((reading) => reading.checkpoint === undefined),
    definitions: [...new Set(readings.flatMap(({ definition = [] }) => definition))].sort(
      compareText,
    ),
    mixedDefinitions: mixedDefinitions(readings),
    asOf: readings.map(({ asOf }) => asOf).sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null,
    readingIds: readings.map(({ id }) => id),
  };
}

/** The definition that covers most parts; of equals, the one the catalogue names first. */
function bestFormula(tree: ScopeNode, figure: KpiFigureDefinition) {
  const beside = figure.floors.flatMap(floorInputs);
  const [first, ...others] = figure.formulas;
  const attempt = (formula: Formula) => ({
    formula,
    gathered: gather(tree, { ...formula, beside }),
  });
  return others
    .map(attempt)
    .reduce(
      (best, next) => (next.gathered.coverage.have > best.gathered.coverage.have ? next : best),
      attempt(first),
    );
}

function compute(input: {
  formula: Formula;
  figure: KpiFigureDefinition;
  gathered: InputCells;
  additive: boolean;
}): Pick<KpiFigure, 'value' | 'noValue' | 'numerator' | 'denominator' | 'interval' | 'overOne'> {
  const { formula, figure, gathered, additive } = input;
  const none = (noValue: NoValue) => ({
    value: null,
    noValue,
    numerator: null,
    denominator: null,
    interval: null,
    overOne: false,
  });
  if (gathered.coverage.have === 0) return none({ code: 'missing', inputs: gathered.lacking });
  if (!additive) {
    const parts = [...gathered.cells.values()].flat();
    if (countOf(parts) > 1 || gathered.coverage.missing.length > 0) {
      const gross = parts.reduce((sum, { value }) => sum + value, 0);
      const largest = parts.reduce(
        (most, { value, many }) => Math.max(most, many?.largest ?? value),
        0,
      );
      return none({ code: 'not_additive', largest, gross });
    }
  }
  const result = applyFormula(formula, gathered.sums);
  if (result.state === 'undefined') {
    return none({
      code: 'undefined',
      denominator: formula.denominator?.text ?? '',
      numerator: result.numerator,
    });
  }
  const { value, numerator, denominator } = result;
  const overOne = figure.kind === 'proportion' && denominator !== null && numerator > denominator;
  const contradiction = contradictionIn({ formula, figure, numerator, overOne });
  if (contradiction !== null) return none({ code: 'inconsistent', detail: contradiction });
  const hidden =
    figure.showFrom === undefined ? null : firstBelow([figure.showFrom], gathered.sums);
  if (hidden !== null) return none({ code: 'hidden', floor: hidden });
  return {
    value,
    noValue: null,
    numerator: denominator === null ? null : numerator,
    denominator,
    interval: overOne ? null : intervalOf(figure, numerator, denominator),
    overOne,
  };
}

function contradictionIn(input: {
  formula: Formula;
  figure: KpiFigureDefinition;
  numerator: number;
  overOne: boolean;
}): string | null {
  const { formula, figure, numerator, overOne } = input;
  if (figure.kind !== 'proportion') return null;
  if (numerator < 0) return `${formula.numerator.text} is ${numerator}`;
  return overOne && figure.subset
    ? `${formula.numerator.text} is above ${formula.denominator?.text}`
    : null;
}

function intervalOf(
  figure: KpiFigureDefinition,
  numerator: number,
  denominator: number | null,
): Interval | null {
  switch (figure.kind) {
    case 'proportion':
      return denominator === null ? null : wilsonInterval(numerator, denominator);
    case 'count':
      // The sum of parts may be above what a double counts; its interval would be noise.
      return Number.isSafeInteger(numerator) ? poissonInterval(numerator) : null;
    case 'census':
    case 'ratio':
      return null;
  }
}

/** Followers and unique people, added over several parts, only under a `gross_` name. */
function grossOf(gathered: InputCells, formula: Formula): Partial<Record<GrossName, number>> {
  const gross: Partial<Record<GrossName, number>> = {};
  const inputs = [...formula.required, ...formula.exposed];
  for (const input of NOT_ADDITIVE) {
    const cells = inputs.includes(input) ? (gathered.cells.get(input) ?? []) : [];
    const total = gathered.sums[input];
    const partial = gathered.coverage.missing.length > 0;
    if (total !== undefined && (countOf(cells) > 1 || (partial && cells.length > 0))) {
      gross[`gross_${input}`] = total;
    }
  }
  return gross;
}

function isTooYoung(
  readings: readonly Reading[],
  checkpoint: string | null,
  hours: number | undefined,
): boolean {
  if (hours === undefined) return false;
  return readings.some((reading) => {
    const age = checkpointAgeHours(reading.checkpoint ?? checkpoint ?? '');
    return !isStated(reading) && age !== null && age < hours;
  });
}

function mixedDefinitions(readings: readonly Reading[]): string[] {
  const used = new Map<string, Set<string>>();
  for (const { measure, definition } of readings) {
    const names = used.get(measure) ?? new Set<string>();
    used.set(measure, names.add(definition ?? ''));
  }
  return [...used]
    .flatMap(([measure, names]) => (names.size > 1 ? [measure] : []))
    .sort(compareText);
}

function distinctReadings(cells: readonly Cell[]): Reading[] {
  const readings = new Map(cells.map(({ reading }) => [reading.id, reading]));
  return [...readings.values()].sort((a, b) => compareText(a.id, b.id));
}
