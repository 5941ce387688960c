import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatValue } from '../../src/domain/kpi/format.ts';
import { MeasureId } from '../../src/domain/kpi/measures.ts';
import type { PastFigures } from '../../src/domain/kpi/past-figures.ts';
import { reviewVerdicts } from '../../src/domain/kpi/review.ts';
import {
  GUARDRAIL_VERDICTS,
  KpiId,
  VERDICTS,
  type VerdictRow,
} from '../../src/domain/kpi/verdict-schema.ts';
import { readingsOf } from '../support/readings.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/kpi-review.md'), 'utf8');

const KEYS = {
  click_through_rate: 'click_through_rate:click_through_rate',
  engagement_rate: 'engagement_rate:engagement_rate',
  sentiment: 'sentiment:net',
  unfollows: 'unfollows:net_loss',
  audience_growth: 'audience_growth:net',
} as const satisfies Partial<Record<KpiId, string>>;

const readings = rowsUnder('The readings of the example').flatMap((row) =>
  readingsOf(
    { [MeasureId.parse(cell(row, 'measure'))]: Number(cell(row, 'value')) },
    {
      checkpoint: cell(row, 'checkpoint') === 'baseline' ? 'baseline' : '+7d',
      source: 'example',
      provisional: cell(row, 'settled') === 'no',
    },
  ),
);
const verdictRows = rowsUnder('Each verdict');
const targets = verdictRows.flatMap((row) =>
  cell(row, 'target') === 'none'
    ? []
    : [{ kpi: kpiOf(row), target: Number(cell(row, 'target')), checkpoint: '+7d' }],
);

describe('the worked example of the KPI review', () => {
  const review = reviewWith('Beside own pieces');
  const rowOf = (kpi: KpiId) => review.rows.find((row) => row.kpi === kpi && row.scope === 'item');

  it('shows every verdict once', () => {
    expect(verdictRows.map((row) => cell(row, 'verdict'))).toEqual([...VERDICTS]);
  });

  it.each(verdictRows.map((row) => [kpiOf(row), row] as const))('judges %s so', (kpi, written) => {
    const row = rowOf(kpi);
    expect(shown(row)).toEqual({
      figure: cell(written, 'figure'),
      interval: cell(written, '95 % interval'),
      verdict: cell(written, 'verdict'),
      light: cell(written, 'light'),
    });
    expect(row?.reason).toContain(cell(written, 'because'));
  });

  it.each(rowsUnder('Beside own pieces').map((row) => [kpiOf(row), row] as const))(
    'compares %s so',
    (kpi, written) => {
      const { unit = 'count', comparison } = rowOf(kpi) ?? {};
      const [median, low, high] = [comparison?.median, comparison?.low, comparison?.high].map(
        (value) => formatValue(unit, value ?? Number.NaN),
      );
      expect([median, `${low} to ${high}`, comparison?.position]).toEqual([
        cell(written, 'median'),
        cell(written, '95 % interval'),
        cell(written, 'position'),
      ]);
    },
  );

  it('says how many false alarms there are', () => {
    expect(page.replaceAll(/\n> ?/g, ' ')).toContain(review.falseAlarms?.note);
  });
});

describe('the guardrails of the example', () => {
  const { guardrails = [] } = reviewWith('Guardrails');

  it.each(rowsUnder('Guardrails').map((row) => [kpiOf(row), row] as const))(
    'on %s are judged so',
    (kpi, written) => {
      const found = guardrails.find((row) => row.kpi === kpi && row.scope === 'item');
      const { unit = 'count', value = null, limit = null, chance = null, verdict } = found ?? {};
      expect({
        figure: formatted(unit, value),
        limit: formatted(unit, limit),
        chance: formatted('fraction', chance),
        verdict,
      }).toEqual({
        figure: cell(written, 'figure'),
        limit: cell(written, 'limit'),
        chance: cell(written, 'chance'),
        verdict: cell(written, 'verdict'),
      });
    },
  );

  it('name every verdict that a guardrail can have', () => {
    for (const verdict of GUARDRAIL_VERDICTS) expect(page).toContain(verdict);
  });
});

/** The review of the example beside the own pieces that this section lists. */
function reviewWith(section: string) {
  const listed = rowsUnder(section);
  const past = listed.flatMap((row): PastFigures[] => {
    const figures = cell(row, 'own pieces at +7d');
    if (figures === 'none') return [];
    const values = figures.split(', ').map(Number);
    return [{ scope: 'item', ageHours: 168, figure: keyOf(kpiOf(row)), values }];
  });
  const guardrails = listed.map((row) => ({ kpi: kpiOf(row), checkpoint: '+7d' }));
  return reviewVerdicts({ targets, guardrails, readings, past, publications: [], checkpoints: [] });
}

function keyOf(kpi: KpiId): string {
  return Object.entries(KEYS).find(([name]) => name === kpi)?.[1] ?? '';
}

function shown(row: VerdictRow | undefined) {
  const { unit = 'count', value = null, low, high, verdict, band } = row ?? {};
  return {
    figure: formatted(unit, value),
    interval:
      low === undefined || high === undefined
        ? 'none'
        : `${formatValue(unit, low)} to ${formatValue(unit, high)}`,
    verdict,
    light: band ?? 'none',
  };
}

function formatted(unit: VerdictRow['unit'], value: number | null): string {
  return value === null ? 'none' : formatValue(unit, value);
}

function kpiOf(row: Map<string, string>): KpiId {
  return KpiId.parse(cell(row, 'KPI'));
}

function cell(row: Map<string, string>, column: string): string {
  const value = row.get(column);
  if (value === undefined) throw new Error(`the page has no column ${column}`);
  return value;
}

/** The first table of a section, a map of column and text per row. */
function rowsUnder(heading: string): Map<string, string>[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const [head = '', , ...rows] = section.split('\n').filter((line) => line.startsWith('|'));
  if (rows.length === 0) throw new Error(`no table under ${heading}`);
  const columns = cellsOf(head);
  return rows.map((row) => new Map(cellsOf(row).map((text, at) => [columns[at] ?? '', text])));
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((text) => text.trim().replaceAll('`', ''));
}
