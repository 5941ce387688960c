import { formatValue } from '../../domain/kpi/format.ts';
import type { Verdict, VerdictRow } from '../../domain/kpi/verdict-schema.ts';

/** A sign beside the word and the colour of a verdict. */
const VERDICT_SIGNS: Record<Verdict, string> = {
  met: '✓',
  missed: '✗',
  inconclusive: '≈',
  insufficient_data: '…',
  provisional: '…',
  not_available: '–',
  no_target: '·',
};

/** Stands where a number would. */
export const NONE = 'not available';

export function verdictText(verdict: Verdict): string {
  return `${VERDICT_SIGNS[verdict]} ${verdict.replaceAll('_', ' ')}`;
}

export function valueText({ unit, value }: VerdictRow): string {
  return value === null ? NONE : formatValue(unit, value);
}

export function intervalText({ unit, low, high }: VerdictRow): string {
  return low === undefined || high === undefined
    ? ''
    : `${formatValue(unit, low)} to ${formatValue(unit, high)}`;
}

export function targetText({ unit, target, direction }: VerdictRow): string {
  if (target === null) return 'none';
  return `${direction === 'lower' ? '≤' : '≥'} ${formatValue(unit, target)}`;
}

/** The median of own pieces at the same age, with its interval. */
export function ownPiecesText({ unit, comparison }: VerdictRow): string {
  if (comparison === undefined) return '';
  const { median, low, high, pieces, position } = comparison;
  const text = (value: number) => formatValue(unit, value);
  return `${position}: median ${text(median)} (${text(low)} to ${text(high)}) of ${pieces}`;
}
