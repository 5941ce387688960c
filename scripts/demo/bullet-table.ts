import type { KpiReview } from '../../src/client/index.ts';
import { formatValue } from '../../src/domain/kpi/format.ts';
import type { Narrator } from './narrator.ts';

type VerdictRow = KpiReview['verdicts'][number];

/** What a bullet of a table is wide. */
const BULLET = 24;

/** The verdicts on the whole of an item or a campaign as bullets with their intervals, and each with its reason. */
export function showVerdicts(narrator: Narrator, verdicts: readonly VerdictRow[]): void {
  const rows = judgedRows(verdicts);
  narrator.table(bulletTable(rows));
  narrator.say('█ the figure, ▒ its interval, ┃ the target; * decides. Why:');
  narrator.facts(
    Object.fromEntries(rows.map(({ kpi, reason }): [string, string] => [kpi, reason])),
  );
}

/** Rows of the whole that have a target; a KPI that several roles answer for is one of them. */
function judgedRows(verdicts: readonly VerdictRow[]): VerdictRow[] {
  const rows = new Map<string, VerdictRow>();
  for (const row of verdicts) {
    const isWhole = row.scope === 'item' || row.scope === 'campaign';
    const key = `${row.kpi} ${row.checkpoint}`;
    if (isWhole && row.target !== null && !rows.has(key)) rows.set(key, row);
  }
  return [...rows.values()];
}

/** One line per KPI and target. */
function bulletTable(rows: readonly VerdictRow[]): string[][] {
  return [
    ['KPI', 'at', 'value', '95 % interval', 'target', 'bullet', 'verdict'],
    ...rows.map((row) => [
      row.primary ? `${row.kpi} *` : row.kpi,
      row.checkpoint ?? '',
      row.value === null ? 'none' : formatValue(row.unit, row.value),
      row.low === undefined || row.high === undefined
        ? ''
        : `${formatValue(row.unit, row.low)} to ${formatValue(row.unit, row.high)}`,
      row.target === null
        ? 'none'
        : `${row.direction === 'lower' ? '≤' : '≥'} ${formatValue(row.unit, row.target)}`,
      bullet(row),
      row.verdict,
    ]),
  ];
}

/** What is sure of the figure, its interval, and the target. */
function bullet({ value, target, low, high }: VerdictRow): string {
  const most = Math.max(value ?? 0, target ?? 0, high ?? 0) || 1;
  const at = (share: number) => Math.max(0, Math.round((share / most) * BULLET));
  const cells: string[] = Array.from({ length: BULLET }, (_, cell) => {
    if (cell < at(low ?? value ?? 0)) return '█';
    return cell < at(high ?? value ?? 0) ? '▒' : '·';
  });
  if (target !== null) cells[Math.min(at(target), BULLET - 1)] = '┃';
  return cells.join('');
}
