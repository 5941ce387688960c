import type { EngineWork } from './engine-work.ts';
import { HOW_ITEMS_WERE_MADE } from './scheduled-items.ts';
import type { StormResult, StormResults } from './storm-results.ts';
import type { StormKey } from './storm-variants.ts';
import { table } from './table.ts';
import type { MemoryOfWaiting } from './waiting-memory.ts';

const LABELS: Record<StormKey, string> = {
  bare: 'bare workflow: a sleep and one activity',
  baton: 'Baton: an item that waits for its slot',
};

/** The results of the storms as text. */
export function renderStorms(
  results: StormResults,
  { heading, engineWork }: { heading: string; engineWork: Record<StormKey, EngineWork> },
): string {
  const { variants, ratio, target, met } = results;
  return [
    heading,
    HOW_ITEMS_WERE_MADE,
    '',
    table(
      ['lateness in seconds', 'posts/s', 'p50', 'p95', 'p99', 'all done', 'lost', 'twice', 'early'],
      variants.map(figureRow),
    ),
    '',
    table(
      ['ratio of the rates', 'min', 'median', 'max', 'target', ''],
      [
        [
          'posts/s Baton / bare',
          ...[ratio.min, ratio.median, ratio.max].map((value) => value.toFixed(2)),
          `≥ ${target}`,
          met ? 'met' : 'MISSED',
        ],
      ],
    ),
    '',
    table(
      ['work per post', 'workflow tasks', 'activities', 'runs started', 'events', 'transactions'],
      variants.map(({ variant, transactions }) => {
        const { workflowTasks, activities, runs, events } = engineWork[variant];
        return [
          variant,
          ...[workflowTasks, activities, runs, events].map(String),
          variant === 'bare' ? '' : transactions.toFixed(1),
        ];
      }),
    ),
    ...processorTable(variants),
  ].join('\n');
}

function figureRow(result: StormResult): string[] {
  const { variant, postsPerSecond, lateness, settledAfter, lost, twice, early } = result;
  const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1_000).toFixed(2));
  return [
    LABELS[variant],
    postsPerSecond.median.toFixed(1),
    ...[lateness?.p50, lateness?.p95, lateness?.p99].map(seconds),
    seconds(settledAfter ?? undefined),
    ...[lost, twice, early].map(String),
  ];
}

function processorTable(rows: readonly StormResult[]): string[] {
  const parts = Object.keys(rows[0]?.processorMs ?? {});
  if (parts.length === 0) return [];
  const body = rows.map(({ variant, processorMs }) => {
    const times = parts.map((part) => processorMs[part] ?? 0);
    const sum = times.reduce((total, ms) => total + ms, 0);
    return [variant, ...[...times, sum].map((ms) => ms.toFixed(1))];
  });
  return ['', table(['processor ms per post', ...parts, 'all'], body)];
}

/** The memory of waiting items as text. */
export function renderWaiting(items: number, parts: readonly MemoryOfWaiting[]): string {
  return table(
    [`${items} items wait for slots, MiB`, 'before', 'after', 'per item'],
    parts.map(({ part, before, after, perItem }) => [
      part,
      before.toFixed(0),
      after.toFixed(0),
      perItem.toFixed(4),
    ]),
  );
}
