import type { ApiProfile } from './profile.ts';
import { MAX_HISTORY_EVENTS, type Results, type TargetResult } from './results.ts';
import { type Latency, quantileOf, type Spread } from './statistics.ts';
import { table } from './table.ts';
import type { Variant } from './variants.ts';

/** The results as text: one table of figures, one of ratios with their targets. */
export function renderReport(
  results: Results,
  context: { variants: readonly Variant[]; heading: string },
): string {
  const labels = new Map(context.variants.map(({ key, label }) => [key, label]));
  const figures = results.variants.map((row) => [
    `(${row.variant}) ${labels.get(row.variant) ?? ''}`,
    String(row.concurrency),
    row.itemsPerSecond.median.toFixed(1),
    ...columnsOf(row.accepted),
    ...columnsOf(row.refused),
    String(results.historyEvents[row.variant]),
  ]);
  const { published, memoryMib } = results;
  return [
    context.heading,
    '',
    table(FIGURE_HEAD, figures),
    '',
    table(
      ['ratio of the medians', 'at', 'min', 'median', 'max', 'target', ''],
      [
        ...results.targets.map(targetRow),
        ...results.shares.map(({ name, concurrency, ratio }) => [
          name,
          String(concurrency),
          ...spreadColumns(ratio, 2),
          '',
          '',
        ]),
      ],
    ),
    '',
    ...processorTable(results.variants),
    `History of a standard item until it is published: ${published.item} events ` +
      `(target ${MAX_HISTORY_EVENTS}).`,
    `Resident memory at the end: ${Object.entries(memoryMib)
      .map(([name, mib]) => `${name} ${mib === null ? 'unknown' : `${Math.round(mib)} MiB`}`)
      .join(', ')}.`,
  ].join('\n');
}

function processorTable(rows: Results['variants']): string[] {
  const parts = Object.keys(rows[0]?.processorMs ?? {});
  if (parts.length === 0) return [];
  const body = rows.map(({ variant, concurrency, processorMs }) => {
    const times = parts.map((part) => processorMs[part] ?? 0);
    const sum = times.reduce((total, ms) => total + ms, 0);
    return [`(${variant})`, String(concurrency), ...[...times, sum].map((ms) => ms.toFixed(1))];
  });
  return [table(['processor ms per command', 'at', ...parts, 'all'], body), ''];
}

/** A profile as text: processor time by part, then the statements of the database. */
export function renderProfile({
  commands,
  acceptedMs,
  processor,
  statements,
  file,
}: ApiProfile): string {
  const sum = processor.reduce((total, { ms }) => total + ms, 0);
  return [
    `Profile of the API over ${commands} accepted commands, one at a time ` +
      `(median ${quantileOf(acceptedMs, 0.5).toFixed(1)} ms, slower than without the profiler): ${file}`,
    '',
    table(
      ['processor ms per command', ''],
      [...processor.map(({ part, ms }) => [part, ms.toFixed(2)]), ['all', sum.toFixed(2)]],
    ),
    '',
    table(
      ['statements of PostgreSQL', 'a command', 'ms a command'],
      statements.map(({ text, calls, ms }) => [text, calls.toFixed(2), ms.toFixed(3)]),
    ),
  ].join('\n');
}

const FIGURE_HEAD = [
  'times in ms',
  'at',
  'items/s',
  'accepted p50',
  'p95',
  'p99',
  'refused p50',
  'p95',
  'p99',
  'events',
];

function columnsOf({ p50, p95, p99 }: Latency): string[] {
  return [p50, p95, p99].map((value) => value.toFixed(1));
}

function spreadColumns({ min, median, max }: Spread, digits: number): string[] {
  return [min, median, max].map((value) => value.toFixed(digits));
}

function targetRow({ name, concurrency, ratio, target, met }: TargetResult): string[] {
  const wanted = 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`;
  const digits = concurrency === null ? 0 : 2;
  return [
    name,
    concurrency === null ? '' : String(concurrency),
    ...spreadColumns(ratio, digits),
    wanted,
    met ? 'met' : 'MISSED',
  ];
}
