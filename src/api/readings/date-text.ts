/** A date in numbers, year last or first, as spreadsheets and people write it. */
const NUMERIC_DATE = /^(\d{1,4})[./-](\d{1,2})[./-](\d{4}|\d{1,2})(?:$|[T\s,])/;

/**
 * What a text says that is a date in numbers but no instant; null for any other text.
 * `01/02/2026` is the first of February to some and the second of January to others.
 */
export function dateProblem(text: string): { kind: string; message: string } | null {
  const [, first = '', second = '', third = ''] = NUMERIC_DATE.exec(text) ?? [];
  if (third === '' || first.length > 2) return null;
  const year = third.length <= 2 ? `20${third.padStart(2, '0')}` : third;
  const readings = [
    dateOf(year, second, first),
    dateOf(year, first, second),
    // Year first, as ISO has it, but with two digits.
    third.length <= 2 ? dateOf(`20${first.padStart(2, '0')}`, second, third) : null,
  ].flatMap((reading) => reading ?? []);
  const distinct = [...new Set(readings)];
  if (distinct.length < 2) return null;
  return {
    kind: 'ambiguous_date',
    message: `may be ${distinct.join(' or ')}: write ${distinct[0]}T08:00:00Z, with its time and zone`,
  };
}

function dateOf(year: string, month: string, day: string): string | null {
  const text = `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const date = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ? null : text;
}
