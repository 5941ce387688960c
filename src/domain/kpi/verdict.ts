import type { OwnerRole } from '../people/roles.ts';
import { type KpiDefinition, kpiDefinition } from './catalogue.ts';
import type { KpiFigure, NoValue } from './figure.ts';
import { formatNumber, formatValue } from './format.ts';
import type { Scope } from './readings.ts';
import {
  VERDICT_FLAGS,
  type Verdict,
  type VerdictFlag,
  type VerdictRow,
} from './verdict-schema.ts';

type FigureRow = NonNullable<VerdictRow['figures']>[number];

export interface VerdictInput {
  figure: KpiFigure;
  role: OwnerRole;
  target: number | null;
  primary?: boolean;
  /** Further figures shown beside the judged one. */
  beside?: readonly KpiFigure[];
  /** Missing parts whose checkpoint is still to come. */
  pending?: readonly Scope[];
  /** Missing parts whose checkpoint passed without a reading. */
  missed?: readonly Scope[];
  /** Says where the target is, when this scope has none of its own. */
  targetElsewhere?: string;
}

/**
 * Judges one figure against its target. In this order: no target → `no_target`; nothing measured →
 * `not_available`, or `provisional` while it is still to come; not settled → `provisional`; below
 * the floor → `insufficient_data`; then the whole interval on the good side of the target → `met`,
 * on the bad side → `missed`, else `inconclusive`. Equal to the target is met.
 */
export function verdictFor(input: VerdictInput): VerdictRow {
  const { figure, role, target, primary = false, beside = [] } = input;
  const { verdict, reason } = judge(input);
  const { direction } = kpiDefinition(figure.kpi);
  return {
    kpi: figure.kpi,
    role,
    scope: figure.scope,
    checkpoint: figure.checkpoint,
    verdict,
    value: figure.value,
    unit: figure.definition.unit,
    direction,
    ...parts(figure),
    target,
    attainment: attainment(direction, figure.value, target),
    reason,
    asOf: figure.asOf,
    primary,
    definition: figure.formula.definition,
    flags: flagsOf(figure),
    ...(figure.coverage.of > 1 && { coverage: figure.coverage }),
    ...(beside.length > 0 && { figures: [figure, ...beside].map(figureRow) }),
    readings: figure.readingIds,
    ...figure.gross,
  };
}

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

interface Judgement {
  verdict: Verdict;
  reason: string;
}

function judge(input: VerdictInput): Judgement {
  const { figure, target, targetElsewhere, pending = [] } = input;
  const known = figure.value === null ? whyNoValue(input) : measurement(figure);
  if (target === null) {
    return { verdict: 'no_target', reason: `${known} ${targetElsewhere ?? 'No target was set.'}` };
  }
  const goal = `The target is ${sideOf(figure)} ${formatValue(figure.definition.unit, target)}.`;
  if (figure.noValue !== null && figure.noValue.code !== 'not_additive') {
    return { verdict: verdictWithout(figure.noValue, pending), reason: `${known} ${goal}` };
  }
  const early = notYet(figure, pending);
  if (early !== null) return { verdict: early.verdict, reason: `${known} ${goal} ${early.reason}` };
  const { verdict, reason } = comparison(figure, target);
  return { verdict, reason: `${known} ${goal} ${reason}` };
}

function verdictWithout(noValue: NoValue, pending: readonly Scope[]): Verdict {
  if (noValue.code !== 'missing') return 'insufficient_data';
  return pending.length > 0 ? 'provisional' : 'not_available';
}

function notYet(figure: KpiFigure, pending: readonly Scope[]): Judgement | null {
  const { belowFloor, tooYoung, checkpoint } = figure;
  if (figure.provisional) {
    return { verdict: 'provisional', reason: 'The source may still change this figure.' };
  }
  if (pending.length > 0) {
    return {
      verdict: 'provisional',
      reason: `Still to come${checkpoint === null ? '' : ` at ${checkpoint}`}: ${pending.join(', ')}.`,
    };
  }
  if (tooYoung !== null) {
    const days = tooYoung / 24;
    return {
      verdict: 'insufficient_data',
      reason: `The figure of a source is settled after ${days} ${days === 1 ? 'day' : 'days'}.`,
    };
  }
  if (belowFloor !== null) {
    const { have, atLeast, unit } = belowFloor;
    return {
      verdict: 'insufficient_data',
      reason: `A verdict needs ${formatNumber(atLeast)} ${unit}; there are ${formatNumber(have)}.`,
    };
  }
  return null;
}

function comparison(figure: KpiFigure, target: number): Judgement {
  if (figure.value === null) return boundsComparison(figure, target);
  const { direction, rollUp } = kpiDefinition(figure.kpi);
  const { low, high } = figure.interval ?? { low: figure.value, high: figure.value };
  const whole = figure.interval === null ? 'It' : 'The whole interval';
  const good = direction === 'higher' ? low >= target : high <= target;
  const bad = direction === 'higher' ? high < target : low > target;
  if (good) return { verdict: 'met', reason: `${whole} meets the target.` };
  // Counters are not negative: what is missing can only add to a sum.
  if (rollUp === 'sum' && figure.denominator === null && figure.coverage.missing.length > 0) {
    return {
      verdict: 'inconclusive',
      reason: 'The missing parts could still add up to the target.',
    };
  }
  if (bad) return { verdict: 'missed', reason: `${whole} misses the target.` };
  const leans = direction === 'higher' ? figure.value >= target : figure.value <= target;
  return {
    verdict: 'inconclusive',
    reason: `The target lies within the interval. The figure leans towards ${leans ? 'met' : 'missed'}.`,
  };
}

/** People in several parts: the truth lies between the largest part and the gross total. */
function boundsComparison(figure: KpiFigure, target: number): Judgement {
  const { noValue, coverage } = figure;
  if (noValue?.code !== 'not_additive') {
    throw new RangeError(`${figure.kpi} at ${figure.scope} has nothing to compare`);
  }
  if (noValue.largest >= target) {
    return { verdict: 'met', reason: 'The largest part alone reaches the target.' };
  }
  if (noValue.gross < target && coverage.missing.length === 0) {
    return { verdict: 'missed', reason: 'Even the gross total stays below the target.' };
  }
  return {
    verdict: 'inconclusive',
    reason: 'The true figure lies between the largest part and the gross total of all parts.',
  };
}

function measurement(figure: KpiFigure): string {
  const { definition, value, numerator, denominator, interval, overOne } = figure;
  if (value === null) return '';
  const { unit, name } = definition;
  const amount = formatValue(unit, value);
  const what = unit === 'count' || unit === 'accounts' ? `${formatNumber(value)} ${name}` : amount;
  const basis =
    numerator === null || denominator === null || Object.keys(figure.gross).length > 0
      ? ''
      : ` (${formatNumber(numerator)} over ${formatNumber(denominator)})`;
  const spread =
    interval === null
      ? ''
      : `, 95 % interval ${formatValue(unit, interval.low)} to ${formatValue(unit, interval.high)}`;
  const over = overOne ? ' It is above 100 %, so it has no interval.' : '';
  return `${sentence(`${what}${basis}${spread}`)}${over}${remarks(figure)}`;
}

function remarks(figure: KpiFigure): string {
  const { coverage, notExposed, stated, unlabelled, checkpoint, mixedDefinitions } = figure;
  return [
    coverage.missing.length > 0 &&
      `It covers ${coverage.have} of ${coverage.of} parts. Missing: ${coverage.missing.join(', ')}.`,
    notExposed.length > 0 && `The source does not supply ${notExposed.join(', ')}.`,
    stated.length > 0 && `A person stated ${stated.join(', ')}.`,
    unlabelled && `Readings without a checkpoint count for ${checkpoint}.`,
    mixedDefinitions.length > 0 &&
      `Sources define ${mixedDefinitions.join(', ')} differently: compare with care.`,
  ]
    .flatMap((remark) => (remark === false ? [] : [` ${remark}`]))
    .join('');
}

function whyNoValue(input: VerdictInput): string {
  const { figure, pending = [], missed = [] } = input;
  const { noValue, checkpoint } = figure;
  const when = checkpoint === null ? '' : ` at ${checkpoint}`;
  if (noValue === null) return '';
  switch (noValue.code) {
    case 'missing': {
      const inputs = noValue.inputs.join(', ');
      if (pending.length > 0) return `No reading of ${inputs}${when} yet.`;
      if (missed.length > 0) return `No reading of ${inputs}: the checkpoint${when} was missed.`;
      return `No reading of ${inputs}${when}. The source does not supply it; missing is not 0.`;
    }
    case 'undefined':
      return `The figure is undefined, not 0: it divides ${formatNumber(noValue.numerator)} by 0 ${noValue.denominator}.`;
    case 'inconsistent':
      return `The readings contradict each other: ${noValue.detail}.`;
    case 'not_additive':
      return (
        `The figures of ${figure.coverage.have} parts must not be added. The largest is ` +
        `${formatNumber(noValue.largest)}, the gross total ${formatNumber(noValue.gross)}.` +
        remarks(figure)
      );
    case 'hidden': {
      const { have, atLeast, unit } = noValue.floor;
      return `A figure is shown from ${atLeast} ${unit} on; there are ${formatNumber(have)}.`;
    }
  }
}

function sideOf(figure: KpiFigure): string {
  return kpiDefinition(figure.kpi).direction === 'higher' ? 'at least' : 'at most';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function flagsOf(figure: KpiFigure): VerdictFlag[] {
  const raised: Record<VerdictFlag, boolean> = {
    over_one: figure.overOne,
    partial: figure.coverage.have > 0 && figure.coverage.missing.length > 0,
    not_exposed: figure.value !== null && figure.notExposed.length > 0,
    stated: figure.stated.length > 0,
    unlabelled: figure.unlabelled,
    mixed_definitions: figure.mixedDefinitions.length > 0,
  };
  return VERDICT_FLAGS.filter((flag) => raised[flag]);
}

/** Both sides and the interval. Summed followers are no numerator: they have `gross_` names. */
function parts(figure: KpiFigure): Pick<FigureRow, 'numerator' | 'denominator' | 'low' | 'high'> {
  const { numerator, denominator, interval, gross } = figure;
  const sides = numerator !== null && denominator !== null && Object.keys(gross).length === 0;
  return {
    ...(sides && { numerator, denominator }),
    ...(interval !== null && { low: interval.low, high: interval.high }),
  };
}

function figureRow(figure: KpiFigure): FigureRow {
  const { name, unit } = figure.definition;
  return { name, unit, value: figure.value, ...parts(figure) };
}
