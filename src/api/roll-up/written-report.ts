import { formatValue } from '../../domain/kpi/format.ts';
import { csvText } from '../review-document/csv.ts';
import { documentMarkdown } from '../review-document/markdown.ts';
import type { ChannelReport, ReportedPost } from './channel-report.ts';

export const REPORT_FORMATS = ['json', 'md', 'csv'] as const;

type Kpi = ChannelReport['kpis'][number];
type Figure = Kpi['before'];

const COLUMNS = [
  'scope',
  'title',
  'publishedAt',
  'kpi',
  'unit',
  'value',
  'low',
  'high',
  'gross',
  'have',
  'of',
  'before',
  'change',
];

/** A row per KPI of the week, then a row per KPI of each post. An absent number is an empty cell. */
export function reportCsv({ channelAccountId, name, week, kpis, posts }: ChannelReport): string {
  const units = new Map(kpis.map(({ kpi, unit }) => [String(kpi), unit]));
  const numbers = ({ value, low, high, gross, coverage }: Figure) =>
    [value, low, high, gross, coverage?.have, coverage?.of] as const;
  return csvText([
    COLUMNS,
    ...kpis.map((row) => [
      `channel:${channelAccountId}`,
      name,
      week,
      row.kpi,
      row.unit,
      ...numbers(row),
      row.before.value,
      row.change,
    ]),
    ...posts.flatMap(({ publicationId, title, publishedAt, kpis: own }) =>
      Object.entries(own).map(([kpi, figure]) => [
        `publication:${publicationId}`,
        title,
        publishedAt,
        kpi,
        units.get(kpi),
        ...numbers(figure),
        null,
        null,
      ]),
    ),
  ]);
}

/** The report to read. */
export function reportMarkdown(report: ChannelReport): string {
  const { name, channel, week, zone, from, until, checkpoint, kpis, posts } = report;
  const postOf = (id: string | null) => posts.find(({ publicationId }) => publicationId === id);
  return documentMarkdown({
    title: `${name}, ${week}`,
    facts: [
      ['Channel', channel],
      ['Week', `${from} to ${until} (${zone})`],
      ['Each post read at', checkpoint],
      ['Posts', String(posts.length)],
      ...extremeFacts(report, postOf),
    ],
    sections: [
      {
        heading: 'The week',
        text: [],
        charts: [],
        table: {
          head: ['KPI', 'value', '95 % interval', 'parts', 'week before', 'change'],
          rows: kpis.map((row) => [
            row.kpi,
            valueText(row, row),
            intervalText(row, row),
            row.coverage === undefined ? '' : `${row.coverage.have} of ${row.coverage.of}`,
            valueText(row, row.before),
            row.change === null ? '' : formatValue(row.unit, row.change),
          ]),
        },
      },
      {
        heading: 'Posts',
        text: posts.length === 0 ? ['Nothing went out in this week.'] : [],
        charts: [],
        table: {
          head: ['post', 'went out', ...kpis.map(({ kpi }) => kpi)],
          rows: posts.map((post) => [
            post.title,
            post.publishedAt,
            ...kpis.map((row) => {
              const figure = post.kpis[row.kpi];
              return figure === undefined ? '' : valueText(row, figure);
            }),
          ]),
        },
      },
    ],
  });
}

function extremeFacts(
  { rankedBy, best, worst }: ChannelReport,
  postOf: (id: string | null) => ReportedPost | undefined,
): [string, string][] {
  if (rankedBy === null) return [];
  return [
    [`Best by ${rankedBy}`, postOf(best)?.title ?? ''],
    [`Worst by ${rankedBy}`, postOf(worst)?.title ?? ''],
  ];
}

function valueText({ unit }: Kpi, { value, gross }: Figure): string {
  if (value !== null) return formatValue(unit, value);
  return gross === undefined ? 'none' : `gross ${formatValue(unit, gross)}`;
}

function intervalText({ unit }: Kpi, { low, high }: Figure): string {
  if (low === undefined || high === undefined) return '';
  return `${formatValue(unit, low)} to ${formatValue(unit, high)}`;
}
