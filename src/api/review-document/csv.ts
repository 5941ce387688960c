import type { KpiReview } from './kpi-review-schema.ts';

type Cell = string | number | boolean | null | undefined;

const COLUMNS = [
  'kpi',
  'role',
  'scope',
  'checkpoint',
  'verdict',
  'value',
  'unit',
  'low',
  'high',
  'target',
  'attainment',
  'numerator',
  'denominator',
  'primary',
  'reason',
  'asOf',
] as const satisfies readonly (keyof KpiReview['verdicts'][number])[];

/** The verdicts, a row each. An absent number is an empty cell, never 0. */
export function verdictsCsv({ verdicts }: KpiReview): string {
  return csvText([[...COLUMNS], ...verdicts.map((row) => COLUMNS.map((column) => row[column]))]);
}

/** RFC 4180. A text that a table program would take for a formula begins with an apostrophe. */
export function csvText(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('');
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = /^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
