import type { KpiFigure } from './figure.ts';
import { formatNumber, formatValue } from './format.ts';
import type { Scope } from './readings.ts';

/** The figure in words, with what to know beside it. */
export function measurement(figure: KpiFigure): string {
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

/** Why there is no figure, in words. */
export function whyNoValue(
  figure: KpiFigure,
  { pending = [], missed = [] }: { pending?: readonly Scope[]; missed?: readonly Scope[] },
): string {
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

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
