import { type Benchmark, comparisonOf, PIECES_AT_LEAST } from './benchmark.ts';
import { kpiDefinition } from './catalogue.ts';
import type { KpiFigure } from './figure.ts';
import { formatValue } from './format.ts';
import { type Look, openQuestion, weigh } from './verdict.ts';
import { measurement, whyNoValue } from './verdict-reason.ts';
import type { GuardrailRow, GuardrailVerdict } from './verdict-schema.ts';

export interface GuardrailInput extends Look {
  checkpoint: string;
  missed?: readonly KpiFigure['scope'][];
  benchmark: Benchmark | null;
  /** Own pieces there are, where they are too few for a benchmark. */
  pieces: number;
}

/**
 * Judges a KPI that must not get worse by own pieces at the same age. Nothing measured, not settled or
 * too small a sample: as for a target. Fewer than 8 pieces: `no_benchmark`. The whole interval not worse
 * than the worse end of the median's interval: `held`. Wholly worse than an ordinary piece is: `broken`.
 * Between the two: `inconclusive`.
 */
export function guardrailFor(input: GuardrailInput): GuardrailRow {
  const { figure, benchmark, checkpoint } = input;
  const { direction } = kpiDefinition(figure.kpi);
  const { verdict, reason, early } = judge(input);
  const known = figure.value === null ? whyNoValue(figure, input) : measurement(figure);
  const comparison = comparisonOf(figure, benchmark);
  return {
    kpi: figure.kpi,
    scope: figure.scope,
    checkpoint,
    verdict,
    value: figure.value,
    unit: figure.definition.unit,
    direction,
    ...(figure.interval !== null && { low: figure.interval.low, high: figure.interval.high }),
    ...(comparison !== null && { comparison }),
    limit: benchmark === null ? null : worseEnd(figure, benchmark.usual),
    chance: benchmark?.usual.chance ?? null,
    ...(early && { early: true }),
    reason: [known, reason].filter((part) => part !== '').join(' '),
    asOf: figure.asOf,
    readings: figure.readingIds,
  };
}

interface Judgement {
  verdict: GuardrailVerdict;
  reason: string;
  early?: true;
}

function judge(input: GuardrailInput): Judgement {
  const { figure, benchmark, pieces, early } = input;
  const open = openQuestion(input);
  if (open !== null) return open;
  if (benchmark === null) {
    const reason = `A benchmark needs ${PIECES_AT_LEAST} own pieces of the same channels and formats in 90 days; there are ${pieces}.`;
    return { verdict: 'no_benchmark', reason };
  }
  const judged = besideBenchmark(figure, benchmark);
  if (early === undefined) return judged;
  const reason = `An early look: ${early} So far: ${judged.reason}`;
  return { verdict: 'provisional', reason, early: true };
}

function besideBenchmark(figure: KpiFigure, benchmark: Benchmark): Judgement {
  const typical = worseEnd(figure, benchmark);
  const limit = worseEnd(figure, benchmark.usual);
  const { unit } = figure.definition;
  const whole = figure.interval === null ? 'It' : 'The whole interval';
  const others = `the median of ${benchmark.pieces} own pieces, ${formatValue(unit, benchmark.median)}`;
  if (weigh(figure, typical).verdict === 'met') {
    return {
      verdict: 'held',
      reason: `${whole} is not worse than ${others} (95 % interval from ${formatValue(unit, typical)} on).`,
    };
  }
  const chance = formatValue('fraction', benchmark.usual.chance);
  if (weigh(figure, limit).verdict === 'missed') {
    return {
      verdict: 'broken',
      reason: `${whole} is worse than ${formatValue(unit, limit)}, as an ordinary piece is with a chance of ${chance}.`,
    };
  }
  return {
    verdict: 'inconclusive',
    reason: `It may be worse than ${others}, and may be an ordinary piece: those reach ${formatValue(unit, limit)} but for ${chance} of them.`,
  };
}

function worseEnd(figure: KpiFigure, { low, high }: { low: number; high: number }): number {
  return kpiDefinition(figure.kpi).direction === 'higher' ? low : high;
}
