import { formatNumber } from '../../domain/kpi/format.ts';
import { learningLine } from '../../domain/kpi/learning.ts';
import type { VerdictRow } from '../../domain/kpi/verdict-schema.ts';
import { OWNER_ROLES } from '../../domain/people/roles.ts';
import type { Chart } from './charts.ts';
import { type ReviewDocument, type Section, section, type Table } from './document.ts';
import { growthSection } from './growth-section.ts';
import type { KpiReview } from './kpi-review-schema.ts';
import { intervalText, NONE, ownPiecesText, targetText, valueText, verdictText } from './words.ts';

export function reviewDocument(review: KpiReview): ReviewDocument {
  return {
    title: `KPI review: ${review.title}`,
    facts: factsOf(review),
    sections: [
      targetsSection(review),
      completenessSection(review),
      unavailableSection(review),
      verdictsSection(review),
      ...OWNER_ROLES.map((role) => roleSection(review, role)),
      channelsSection(review),
      extremesSection(review),
      growthSection(review),
      funnelSection(review),
      effortSection(review),
      originsSection(review),
      learningsSection(review),
      decisionSection(review),
    ],
  };
}

function factsOf(review: KpiReview): [string, string][] {
  const { itemId, reviewId, number, frozenAt, hash, combined, recommendation } = review;
  return [
    ['Item', itemId],
    ['Review', reviewId === null ? 'not open yet' : `${reviewId} (number ${number})`],
    ['Frozen', frozenAt ?? 'not yet: these numbers may still change'],
    ...(hash === null ? [] : [['Hash', hash] as [string, string]]),
    ['Combined verdict', `${verdictText(combined.verdict)}. ${combined.reason}`],
    ...(recommendation === undefined
      ? []
      : [
          ['Recommendation', `${recommendation.decision}. ${recommendation.reason}`] as [
            string,
            string,
          ],
        ]),
  ];
}

function targetsSection({ targets }: KpiReview): Section {
  return section('Frozen targets', {
    text: targets.length === 0 ? ['No target was set.'] : [],
    table: {
      head: ['KPI', 'Target', 'At', 'Primary'],
      rows: targets.map(({ kpi, target, checkpoint, primary }) => [
        kpi,
        formatNumber(target),
        checkpoint,
        primary === true ? 'yes' : '',
      ]),
    },
  });
}

function completenessSection({ completeness }: KpiReview): Section {
  const { have, of, missing } = completeness;
  return section('Completeness', {
    text: [`${have} of ${of} sources, per post and age of a target. Missing is not zero.`],
    table: {
      head: ['Missing post', 'At', 'Source', 'State'],
      rows: missing.map(({ publicationId, checkpoint, source = '', state }) => [
        publicationId,
        checkpoint,
        source,
        state,
      ]),
    },
  });
}

function unavailableSection({ unavailable }: KpiReview): Section {
  return section('Sources without numbers', {
    text: unavailable.length === 0 ? ['Every source that was asked gave its numbers.'] : [],
    table: {
      head: ['Post', 'At', 'Source', 'What it said'],
      rows: unavailable.map(({ publicationId, checkpoint, source, reason }) => [
        publicationId,
        checkpoint,
        source,
        reason,
      ]),
    },
  });
}

function verdictsSection(review: KpiReview): Section {
  const rows = oncePerKpi(wholeRows(review));
  return section('Verdicts', {
    charts: rows
      .filter(({ target, value }) => target !== null && value !== null)
      .map((row): Chart => ({ kind: 'bullet', row })),
    table: verdictTable(rows),
  });
}

function roleSection(review: KpiReview, role: (typeof OWNER_ROLES)[number]): Section {
  const own = review.roles.find((one) => one.role === role);
  const counts = Object.entries(own?.counts ?? {}).map(([verdict, count]) => `${verdict} ${count}`);
  return section(`View of the ${role.replaceAll('_', ' ')}`, {
    text: [
      `${verdictText(own?.verdict ?? 'no_target')}${own?.kpi == null ? '' : ` by ${own.kpi}`}.`,
      ...(counts.length === 0 ? [] : [`Targets: ${counts.join(', ')}.`]),
    ],
    table: verdictTable(wholeRows(review).filter((row) => row.role === role)),
  });
}

function channelsSection({ verdicts }: KpiReview): Section {
  const rows = verdicts.filter(({ scope }) => scope.startsWith('channel:'));
  return section('Per channel', {
    text: rows.length === 0 ? ['Nothing was measured per channel account.'] : [],
    table: verdictTable(oncePerKpi(rows), { withScope: true }),
  });
}

function extremesSection({ extremes }: KpiReview): Section {
  if (extremes === null) {
    return section('Best and worst', { text: ['There are not two posts to compare.'] });
  }
  const { best, worst } = extremes;
  return section('Best and worst', {
    text: [`By ${extremes.kpi}.`],
    table: {
      head: ['', 'Post', 'Value', 'Verdict'],
      rows: [
        ['best', best.scope, valueText(best), verdictText(best.verdict)],
        ['worst', worst.scope, valueText(worst), verdictText(worst.verdict)],
      ],
    },
  });
}

function funnelSection({ funnel }: KpiReview): Section {
  const known = funnel.filter(({ value }) => value !== null).length;
  return section('Funnel', {
    charts: known > 1 ? [{ kind: 'funnel', steps: funnel }] : [],
    table: {
      head: ['Step', 'Count'],
      rows: funnel.map(({ measure, value }) => [
        measure,
        value === null ? NONE : formatNumber(value),
      ]),
    },
  });
}

function effortSection({ effort: { rounds, approvers, stages } }: KpiReview): Section {
  return section('Effort', {
    text: [`${rounds} rounds of changes. ${approvers} people decided on the content.`],
    table: {
      head: ['Stage', 'Hours'],
      rows: stages.map(({ stage, hours }) => [stage, formatNumber(hours)]),
    },
  });
}

function originsSection({ stated, measured }: KpiReview): Section {
  const rows = [
    ...stated.map((reading) => ['stated', reading] as const),
    ...measured.filter(({ counts }) => !counts).map((reading) => ['measured', reading] as const),
  ];
  return section('Stated and measured', {
    text: [
      `${measured.filter(({ counts }) => counts).length} measured and ${stated.filter(({ counts }) => counts).length} stated values count. Below is what people stated, and what that outranks.`,
    ],
    table: {
      head: ['Origin', 'Measure', 'At', 'Value', 'As of', 'Source', 'Counts'],
      rows: rows.map(([origin, { measure, checkpoint, value, asOf, source, counts }]) => [
        origin,
        measure,
        checkpoint ?? '',
        formatNumber(value),
        asOf,
        source,
        counts ? 'yes' : 'no',
      ]),
    },
  });
}

function learningsSection({ learnings }: KpiReview): Section {
  return section('Learnings', {
    text: learnings.length === 0 ? ['None yet.'] : learnings.map(learningLine),
  });
}

function decisionSection({ decision, signOffs, carriedOnBy }: KpiReview): Section {
  const decided =
    decision === null
      ? ['Not decided yet.']
      : [
          `${decision.owner.name ?? decision.owner.memberId} decided ${decision.decision} on ${decision.at}.`,
          ...(decision.isAgainst ? ['It is against the recommendation.'] : []),
          ...(decision.comment === undefined ? [] : [`Reason: ${decision.comment}`]),
          ...(carriedOnBy === undefined ? [] : [`Carried on by ${carriedOnBy}.`]),
        ];
  return section('Decision and sign-offs', {
    text: decided,
    table: {
      head: ['Role', 'Decision', 'Member', 'At', 'Comment'],
      rows: signOffs.map(({ role, decision: signed, memberId, at, comment }) => [
        role,
        signed,
        memberId,
        at,
        comment ?? '',
      ]),
    },
  });
}

/** Rows of the item as a whole: its own scope comes first. */
function wholeRows({ verdicts }: KpiReview): VerdictRow[] {
  return verdicts.filter(({ scope }) => scope === verdicts[0]?.scope);
}

/** A KPI that several roles answer for has one row for each. */
function oncePerKpi(rows: readonly VerdictRow[]): VerdictRow[] {
  const seen = new Map<string, VerdictRow>();
  for (const row of rows) {
    const key = `${row.scope} ${row.kpi} ${row.checkpoint}`;
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}

function verdictTable(rows: readonly VerdictRow[], { withScope = false } = {}): Table {
  const head = ['KPI', 'At', 'Value', '95 % interval', 'Target', 'Own pieces', 'Verdict', 'Reason'];
  return {
    head: withScope ? ['Scope', ...head] : head,
    rows: rows.map((row) => [
      ...(withScope ? [row.scope] : []),
      row.primary ? `${row.kpi} (primary)` : row.kpi,
      row.checkpoint ?? '',
      valueText(row),
      intervalText(row),
      targetText(row),
      ownPiecesText(row),
      verdictText(row.verdict),
      row.reason,
    ]),
  };
}
