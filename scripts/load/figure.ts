import { table } from '../bench/table.ts';

/** What was measured, and what it may be at most. */
export interface Figure {
  what: string;
  value: number;
  limit: number;
  unit: 'ms' | 'bytes' | 'answers';
}

export function holds({ value, limit }: Figure): boolean {
  return value <= limit;
}

export function renderFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, value, limit, unit } = figure;
    return [what, `${Math.round(value)} ${unit}`, `${limit} ${unit}`, holds(figure) ? 'yes' : 'NO'];
  });
  return table(['figure', 'measured', 'limit', 'holds'], rows);
}
