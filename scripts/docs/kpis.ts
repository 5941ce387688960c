import {
  KPI_IDS,
  type KpiDefinition,
  type KpiFigureDefinition,
  kpiDefinition,
} from '../../src/domain/kpi/catalogue.ts';
import type { Floor } from '../../src/domain/kpi/floor.ts';
import { formatNumber } from '../../src/domain/kpi/format.ts';
import { MEASURES, type MeasureDefinition } from '../../src/domain/kpi/measure-rules.ts';
import { VERDICTS, type Verdict } from '../../src/domain/kpi/verdict-schema.ts';

const INTERVALS: Record<KpiFigureDefinition['kind'], string> = {
  proportion: 'Wilson 95 %',
  count: 'Poisson 95 % (exact)',
  census: 'none: a census',
  ratio: 'none: a ratio',
};

const UNITS: Record<KpiFigureDefinition['unit'], string> = {
  count: 'count',
  accounts: 'accounts',
  fraction: 'fraction (0.03 is 3 %)',
  ratio: 'ratio',
  position: 'position',
  points: 'points, -100 to 100',
};

const ROLL_UPS: Record<KpiDefinition['rollUp'], string> = {
  sum: 'sum',
  sum_over_sum: 'sum / sum',
  gross: 'not additive: gross total beside the parts',
};

const MEASURE_ROLL_UPS: Record<MeasureDefinition['rollUp'], string> = {
  sum: 'sum',
  never: 'never; `gross_` total only',
  gross: 'last value; over accounts only as a `gross_` total',
};

const VERDICT_MEANINGS: Record<Verdict, string> = {
  met: 'The whole interval meets the target; without an interval, the figure does. Equal to the target is met.',
  missed: 'The whole interval misses the target; without an interval, the figure does.',
  inconclusive:
    'The target lies within the interval, or missing parts could change the answer. The reason says which way the figure leans.',
  insufficient_data:
    'The sample is below the floor, the source’s figure is not settled yet, or it is undefined (a ratio over 0). A value is shown where there is one.',
  provisional:
    'The source may still change a reading, a checkpoint is still to come, or this is an early look.',
  not_available:
    'There is no reading: the source does not supply it, or the checkpoint was missed. Missing is not 0.',
  no_target: 'It is measured, but the brief sets no target for it in this scope.',
};

/** `docs/kpis.md`, from the catalogue itself. */
export function renderKpiDoc(): string {
  return [
    '# KPIs',
    '',
    '<!-- Written by scripts/docs-kpis.ts from src/domain/kpi/catalogue.ts. Change the catalogue, then run it. -->',
    '',
    'Only base measures are stored. Every KPI is computed from them: for a publication, a channel account, an item or a campaign.',
    '',
    '## The catalogue',
    '',
    table(
      ['KPI', 'roles', 'formula', 'unit', 'better', 'interval', 'floor', 'roll-up'],
      KPI_IDS.flatMap((kpi) => {
        const definition = kpiDefinition(kpi);
        return definition.figures.map((figure, index) => [
          index === 0 ? `\`${kpi}\`` : `\`${kpi}\`, second figure`,
          definition.roles.join(', '),
          figure.formulas.map(({ text }) => `\`${text}\``).join(' or '),
          UNITS[figure.unit],
          definition.direction,
          INTERVALS[figure.kind],
          floorText(definition, figure),
          figure.unit === 'fraction' ? ROLL_UPS.sum_over_sum : ROLL_UPS[definition.rollUp],
        ]);
      }),
    ),
    '',
    '`followers_at_publish` is the `followers` reading of the checkpoint `baseline`.',
    '',
    '### What to know beside the number',
    '',
    ...KPI_IDS.flatMap((kpi) => {
      const { note } = kpiDefinition(kpi);
      return note === undefined ? [] : [`- \`${kpi}\`: ${note}`];
    }),
    '',
    '## Verdicts',
    '',
    '[The KPI review](kpi-review.md) has a worked example of each, of comparisons and of guardrails.',
    '',
    'A verdict asks in this order. Is there a target? Is there a reading? Is it settled? Is the sample large enough? Does the interval meet the target?',
    '',
    table(
      ['verdict', 'when'],
      VERDICTS.map((verdict) => [`\`${verdict}\``, VERDICT_MEANINGS[verdict]]),
    ),
    '',
    '- Attainment is value / target where higher is better, and target / value where lower is better. It is shown beside a verdict and decides nothing. Neither does the light: green from 100 % on, amber from 90 %, red below.',
    '- One primary KPI decides an item; the others inform. A role’s verdict is that of the primary KPI if the role answers for it, else that of its first target. Where none is marked as primary, it is the KPI of the first target, at the last age it is judged at.',
    '- A target for a count or for accounts is for the whole item. A target for a rate, ratio, rank or points is for each part too.',
    '- A roll-up that misses a part says so in `coverage`. A total that meets the target without the part is met; another stays inconclusive.',
    '- Both sides of a ratio cover the same parts. Rates of posts are never averaged.',
    '- The latest `asOf` per measure, scope and checkpoint counts. A reading without a checkpoint fills in where the checkpoint has none, and the row says so.',
    '- A value that a person entered (sources `manual` and `csv`) is settled at once, at any age.',
    '',
    '## Base measures',
    '',
    table(
      ['measure', 'kind', 'roll-up', 'meaning'],
      Object.entries<MeasureDefinition>(MEASURES).map(([measure, { kind, rollUp, meaning }]) => [
        `\`${measure}\``,
        kind,
        MEASURE_ROLL_UPS[rollUp],
        meaning,
      ]),
    ),
    '',
    'Counters are cumulative and may go down (deleted likes, purged bots). Every reading is kept, and the latest counts.',
    '',
  ]
    .flatMap(wrapped)
    .join('\n');
}

const LINE_WIDTH = 100;

/** Prose as lines of a readable width; a list entry goes on below its first word. */
function wrapped(text: string): string[] {
  if (/^[|#<]/.test(text)) return [text];
  const indent = text.startsWith('- ') ? '  ' : '';
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function floorText(definition: KpiDefinition, figure: KpiFigureDefinition): string {
  const floors = figure.floors.map(floorOf);
  const shown = figure.showFrom === undefined ? [] : [`${floorOf(figure.showFrom)} to be shown`];
  const hours = definition.settlesAfterHours;
  const age =
    hours === undefined
      ? []
      : [`settled after ${hours / 24} day${hours === 24 ? '' : 's'} (sources)`];
  return [...floors, ...shown, ...age].join(', ') || '-';
}

function floorOf({ atLeast, unit, or }: Floor): string {
  const text = `${formatNumber(atLeast)} ${unit}`;
  return or === undefined ? text : `${text} or ${floorOf(or)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
