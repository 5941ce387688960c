import type { OwnerRole } from '../people/roles.ts';
import { attainment, bandOf } from './attainment.ts';
import { type Benchmark, comparisonOf } from './benchmark.ts';
import { kpiDefinition } from './catalogue.ts';
import type { KpiFigure } from './figure.ts';
import { formatNumber, formatValue } from './format.ts';
import type { Scope } from './readings.ts';
import { measurement, whyNoValue } from './verdict-reason.ts';
import {
  type Leaning,
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
  /** Why this is a look before the one that decides: when that one comes. */
  early?: string;
  /** Own pieces at the same age; shown, never deciding. */
  benchmark?: Benchmark | null;
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
  const { verdict, reason, leans, early } = judge(input);
  const { direction } = kpiDefinition(figure.kpi);
  const share = attainment(direction, figure.value, target);
  const compared = comparisonOf(figure, input.benchmark ?? null);
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
    attainment: share,
    band: bandOf(figure.kpi, { verdict, attainment: share }),
    ...(leans !== undefined && { leans }),
    ...(early === true && { early }),
    ...(compared !== null && { comparison: compared }),
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

interface Judgement {
  verdict: Verdict;
  reason: string;
  leans?: Leaning;
  early?: true;
}

function judge(input: VerdictInput): Judgement {
  const { figure, target, targetElsewhere } = input;
  const known = figure.value === null ? whyNoValue(figure, input) : measurement(figure);
  if (target === null) {
    return { verdict: 'no_target', reason: `${known} ${targetElsewhere ?? 'No target was set.'}` };
  }
  const goal = `The target is ${sideOf(figure)} ${formatValue(figure.definition.unit, target)}.`;
  const { reason, ...judgement } = openQuestion(input) ?? firstLook(input, weigh(figure, target));
  return { ...judgement, reason: [known, goal, reason].filter((part) => part !== '').join(' ') };
}

/** What is judged, and what is not over yet. */
export type Look = Pick<VerdictInput, 'figure' | 'pending' | 'early'>;

interface OpenQuestion {
  verdict: 'not_available' | 'provisional' | 'insufficient_data';
  reason: string;
  early?: true;
}

/** Why a figure cannot be compared with anything yet; null when it can. */
export function openQuestion({ figure, pending = [] }: Look): OpenQuestion | null {
  const { noValue, provisional, checkpoint } = figure;
  if (noValue?.code === 'missing') {
    return { verdict: pending.length > 0 ? 'provisional' : 'not_available', reason: '' };
  }
  if (provisional) {
    return { verdict: 'provisional', reason: 'The source may still change this figure.' };
  }
  if (pending.length > 0) {
    const when = checkpoint === null ? '' : ` at ${checkpoint}`;
    const reason = `An early look. Still to come${when}: ${pending.join(', ')}.`;
    return { verdict: 'provisional', reason, early: true };
  }
  const tooLittle = sampleGap(figure);
  return tooLittle === null ? null : { verdict: 'insufficient_data', reason: tooLittle };
}

function sampleGap({ noValue, tooYoung, belowFloor }: KpiFigure): string | null {
  if (noValue !== null && noValue.code !== 'not_additive') return '';
  if (tooYoung !== null) {
    const days = tooYoung / 24;
    return `The figure of a source is settled after ${days} ${days === 1 ? 'day' : 'days'}.`;
  }
  if (belowFloor === null) return null;
  const { have, atLeast, unit } = belowFloor;
  return `A verdict needs ${formatNumber(atLeast)} ${unit}; there are ${formatNumber(have)}.`;
}

/** A look before the last one says which way it leans, and decides nothing. */
function firstLook({ early }: Look, weighing: Weighing): Judgement {
  if (early === undefined) return weighing;
  const { verdict, leans = verdict === 'inconclusive' ? undefined : verdict } = weighing;
  return {
    verdict: 'provisional',
    reason: `An early look: ${early} So far: ${weighing.reason}`,
    ...(leans !== undefined && { leans }),
    early: true,
  };
}

export interface Weighing {
  verdict: 'met' | 'missed' | 'inconclusive';
  reason: string;
  leans?: Leaning;
}

/** The whole interval against a target: on its good side, on its bad side, or around it. */
export function weigh(figure: KpiFigure, target: number): Weighing {
  if (figure.value === null) return weighBounds(figure, target);
  const { direction, rollUp } = kpiDefinition(figure.kpi);
  const { low, high } = figure.interval ?? { low: figure.value, high: figure.value };
  const whole = figure.interval === null ? 'It' : 'The whole interval';
  const good = direction === 'higher' ? low >= target : high <= target;
  const bad = direction === 'higher' ? high < target : low > target;
  if (good) return { verdict: 'met', reason: `${whole} meets the target.` };
  const isBetter = direction === 'higher' ? figure.value >= target : figure.value <= target;
  const leans = isBetter ? 'met' : 'missed';
  // Counters are not negative: what is missing can only add to a sum.
  if (rollUp === 'sum' && figure.denominator === null && figure.coverage.missing.length > 0) {
    const reason = `The missing parts could still add up to the target. So far the figure leans towards ${leans}.`;
    return { verdict: 'inconclusive', reason, leans };
  }
  if (bad) return { verdict: 'missed', reason: `${whole} misses the target.` };
  return {
    verdict: 'inconclusive',
    reason: `The target lies within the interval. The figure leans towards ${leans}.`,
    leans,
  };
}

/** People in several parts: the truth lies between the largest part and the gross total. */
function weighBounds(figure: KpiFigure, target: number): Weighing {
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
    reason:
      'The true figure lies between the largest part and the gross total of all parts. Which way it leans cannot be known.',
  };
}

function sideOf(figure: KpiFigure): string {
  return kpiDefinition(figure.kpi).direction === 'higher' ? 'at least' : 'at most';
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
