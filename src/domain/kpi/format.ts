import type { KpiUnit } from './catalogue.ts';

/** Groups thousands with commas and keeps four significant digits of anything that isn't whole. */
export function formatNumber(value: number): string {
  const rounded = Number.isInteger(value) ? value : fourDigits(value);
  const [whole = '', fraction] = plainDigits(Math.abs(rounded)).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  const sign = rounded < 0 ? '-' : '';
  return `${sign}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A value with its unit: a fraction reads as a percentage. */
export function formatValue(unit: KpiUnit, value: number): string {
  switch (unit) {
    case 'fraction':
      return `${formatNumber(fourDigits(value * 100))} %`;
    case 'points':
      return `${formatNumber(value)} points`;
    case 'position':
      return `position ${formatNumber(value)}`;
    case 'accounts':
      return `${formatNumber(value)} accounts`;
    case 'count':
    case 'ratio':
      return formatNumber(value);
  }
}

function fourDigits(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value * 10) / 10 : Number(value.toPrecision(4));
}

/** Never in exponent form, whatever the size. */
function plainDigits(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(value < 1 ? 12 : 0).replace(/\.?0+$/, '') : text;
}
