/** A number as people write it: one number, or none, or one of two. */
export type NumberText =
  | { value: number }
  | { readings: readonly [string, string] }
  | { problem: { kind: string; message: string } };

/** More digits than this, and a number is stored as a neighbour of what was written. */
const MOST_DIGITS = 15;

/** What French, German, Swiss and English texts put between thousands. */
const GROUPS = [',', '.', ' ', '\u00A0', '\u2007', '\u2009', '\u202F', "'", '’'] as const;

/**
 * Reads a number without knowing the language that it is written in. It has digits, perhaps in groups
 * of three with one and the same separator between them, and perhaps decimals after a point or a
 * comma. What is one number to some and another number to others is both.
 */
export function readNumber(text: string): NumberText {
  const [, sign, digits] = /^([-−]?)(\d.*)$/su.exec(text) ?? [];
  if (digits === undefined) return notANumber(text);
  const minus = sign === '' ? '' : '-';
  // Padding such as `01.000` belongs to no decimal number.
  const isDecimal = /^(?:\d+|(?:0|[1-9]\d*)[.,]\d+)$/.test(digits);
  const decimal = isDecimal ? digits.replace(',', '.') : null;
  const grouped = withoutGroups(digits);
  if (decimal !== null && grouped !== null) {
    return { readings: [`${minus}${unmistakable(decimal)}`, `${minus}${grouped}`] };
  }
  const read = decimal ?? grouped;
  if (read === null) return notANumber(text);
  if (read.replace(/^[0.]+/, '').replace('.', '').length > MOST_DIGITS) {
    return { problem: { kind: 'digits', message: `has more than ${MOST_DIGITS} digits` } };
  }
  return { value: Number(`${minus}${read}`) };
}

/** The digits with a point before the decimals; null when there are no groups of thousands. */
function withoutGroups(digits: string): string | null {
  const separator = GROUPS.find((one) => digits.includes(one) && isFirst(digits, one));
  if (separator === undefined) return null;
  const [first = '', ...groups] = digits.split(separator);
  const last = groups.at(-1) ?? '';
  const [, lastGroup, decimals] = /^(\d{3})(?:[.,](\d+))?$/.exec(last) ?? [];
  const isGrouped =
    /^[1-9]\d{0,2}$/.test(first) &&
    lastGroup !== undefined &&
    groups.slice(0, -1).every((group) => /^\d{3}$/.test(group));
  if (!isGrouped) return null;
  const whole = [first, ...groups.slice(0, -1), lastGroup].join('');
  return decimals === undefined ? whole : `${whole}.${decimals}`;
}

/** True when no other separator stands before it. */
function isFirst(digits: string, separator: string): boolean {
  return /^\d+$/.test(digits.slice(0, digits.indexOf(separator)));
}

/** Decimals by threes would be read as thousands again. */
function unmistakable(decimal: string): string {
  const [whole = '', decimals = ''] = decimal.split('.');
  return /^0+$/.test(decimals) ? whole : `${decimal}0`;
}

function notANumber(text: string): NumberText {
  if (/%/.test(text)) {
    const message = 'is a percentage: readings are counts, and rates are computed from them';
    return { problem: { kind: 'percentage', message } };
  }
  if (/^[-−+]?\d[\d.,]*e[-−+]?\d+$/i.test(text)) {
    const message = 'is written with an exponent: write all its digits';
    return { problem: { kind: 'exponent', message } };
  }
  const message =
    'is not a number: write digits, perhaps in groups of three, and decimals after a point or comma';
  return { problem: { kind: 'number', message } };
}
