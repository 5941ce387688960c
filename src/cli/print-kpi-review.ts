import type { KpiReview } from '../client/index.ts';
import { type Names, short, time } from './print-item.ts';
import { textTable } from './text-table.ts';

/** The verdicts on the item as a whole, its guardrails, and the numbers behind all verdicts: stated and measured apart. */
export function kpiReviewText(review: KpiReview, names: Names): string {
  const verdicts = review.verdicts.filter(
    ({ scope, target }) => scope === 'item' && target !== null,
  );
  return [
    headText(review),
    section(
      'Verdicts',
      verdicts.map(({ kpi, checkpoint, verdict, value, target, comparison, early, flags }) => [
        `${kpi} ${checkpoint ?? ''}`,
        verdict,
        `${value ?? 'no value'}, target ${target}`,
        comparison === undefined ? '' : `${comparison.position}, median ${comparison.median}`,
        [...(early ? ['early'] : []), ...flags].join(', '),
      ]),
    ),
    ...(review.falseAlarms === undefined ? [] : [review.falseAlarms.note]),
    section(
      'Guardrails',
      (review.guardrails ?? []).map(({ kpi, checkpoint, scope, verdict, reason }) => [
        `${kpi} ${checkpoint}`,
        scope,
        verdict,
        reason,
      ]),
    ),
    section(
      'Stated by people',
      review.stated.map((reading) => [
        ...numberCells(reading),
        `${names(reading.createdBy ?? reading.source)} (${reading.source})`,
        `stated ${reading.createdAt === undefined ? 'before that was kept' : time(reading.createdAt)}`,
        outrankedText(reading),
      ]),
    ),
    section(
      'Measured by sources',
      review.measured.map((reading) => [
        ...numberCells(reading),
        reading.source,
        outrankedText(reading),
      ]),
    ),
  ].join('\n\n');
}

type Reading = KpiReview['stated'][number];

function headText(review: KpiReview): string {
  const { itemId, frozen, number, hash, frozenAt, combined, recommendation } = review;
  const state =
    frozen && hash !== null && frozenAt !== null
      ? `review ${number}, frozen ${time(frozenAt)}, ${short(hash)}`
      : 'not frozen yet: what the readings say so far';
  return [
    `${itemId}  ${state}`,
    `  ${combined.verdict}: ${combined.reason}`,
    ...(recommendation === undefined
      ? []
      : [`  recommended ${recommendation.decision}: ${recommendation.reason}`]),
  ].join('\n');
}

function section(title: string, rows: string[][]): string {
  return `${title}\n${rows.length === 0 ? '  none' : textTable(rows, { indent: 2 })}`;
}

function numberCells(reading: Reading): string[] {
  const scope = reading.publicationId ?? reading.channelAccountId ?? 'item';
  return [
    reading.measure,
    String(reading.value),
    reading.checkpoint ?? 'no checkpoint',
    scope,
    `as of ${time(reading.asOf)}`,
  ];
}

function outrankedText({ counts }: Reading): string {
  return counts ? '' : 'outranked';
}
