import { z } from 'zod';
import { checkpointAgeHours } from './readings.ts';
import type { ReviewVerdicts, Verdict, VerdictRow } from './verdict-schema.ts';

/** What a strategist decides on a KPI review. */
export const DECISIONS = ['scale', 'iterate', 'retire', 'recycle', 'extend_measurement'] as const;
export type ReviewDecision = (typeof DECISIONS)[number];

/** What the table looks at, and what each part may be. */
export const RECOMMENDATION_INPUTS = {
  primary: [
    'met',
    'missed',
    'inconclusive',
    'insufficient_data',
    'provisional',
    'not_available',
    'no_target',
  ],
  guardrails: ['kept', 'broken', 'unknown'],
  secondaries: ['mostly_met', 'mostly_missed', 'mixed'],
  completeness: ['complete', 'partial'],
  look: ['first', 'later'],
  lasting: ['evergreen', 'dated'],
} as const satisfies { primary: readonly Verdict[] } & Record<string, readonly string[]>;

export type RecommendationInput = {
  [K in keyof typeof RECOMMENDATION_INPUTS]: (typeof RECOMMENDATION_INPUTS)[K][number];
};

/** One row of the table. A part that it does not name may be anything. */
export interface RecommendationRow {
  number: number;
  when: { [K in keyof RecommendationInput]?: readonly RecommendationInput[K][] };
  decision: ReviewDecision;
  reason: string;
}

const UNCLEAR = ['inconclusive', 'insufficient_data', 'provisional'] as const;
const NOT_BROKEN = ['kept', 'unknown'] as const;

/**
 * The recommendation of every case: exactly one row fits each of them. Only the primary KPI can speak
 * for `scale` or `recycle`; secondaries tell a piece worth another try from one to stop.
 */
export const RECOMMENDATION_TABLE: readonly RecommendationRow[] = [
  {
    number: 1,
    when: { primary: ['met'], guardrails: ['broken'] },
    decision: 'iterate',
    reason: 'The primary KPI is met, but a guardrail got worse: change what harms before a repeat.',
  },
  {
    number: 2,
    when: { primary: ['met'], guardrails: NOT_BROKEN, lasting: ['evergreen'] },
    decision: 'recycle',
    reason: 'The primary KPI is met and the content is evergreen: publish it again.',
  },
  {
    number: 3,
    when: { primary: ['met'], guardrails: NOT_BROKEN, lasting: ['dated'] },
    decision: 'scale',
    reason: 'The primary KPI is met and no guardrail got worse: repeat, boost or translate it.',
  },
  {
    number: 4,
    when: { primary: ['missed'], completeness: ['partial'], look: ['first'] },
    decision: 'extend_measurement',
    reason: 'The primary KPI is missed, but not every part is measured: measure once more.',
  },
  {
    number: 5,
    when: { primary: ['missed'], completeness: ['partial'], look: ['later'] },
    decision: 'iterate',
    reason:
      'The primary KPI is missed and parts stay unmeasured: change the piece, and what measures it.',
  },
  {
    number: 6,
    when: {
      primary: ['missed'],
      completeness: ['complete'],
      guardrails: NOT_BROKEN,
      secondaries: ['mostly_met', 'mixed'],
    },
    decision: 'iterate',
    reason:
      'The primary KPI is missed, but the others do not speak against the piece: change it and try again.',
  },
  {
    number: 7,
    when: {
      primary: ['missed'],
      completeness: ['complete'],
      guardrails: NOT_BROKEN,
      secondaries: ['mostly_missed'],
    },
    decision: 'retire',
    reason: 'The primary KPI is missed and most others are missed, too: stop it.',
  },
  {
    number: 8,
    when: { primary: ['missed'], completeness: ['complete'], guardrails: ['broken'] },
    decision: 'retire',
    reason: 'The primary KPI is missed and a guardrail got worse: stop it.',
  },
  {
    number: 9,
    when: { primary: UNCLEAR, look: ['first'] },
    decision: 'extend_measurement',
    reason: 'The numbers do not decide on the primary KPI yet: measure once more.',
  },
  {
    number: 10,
    when: { primary: UNCLEAR, look: ['later'] },
    decision: 'iterate',
    reason:
      'The numbers do not decide and are not measured again: change the piece so that they can.',
  },
  {
    number: 11,
    when: { primary: ['not_available'] },
    decision: 'iterate',
    reason: 'Nothing measured the primary KPI: choose one that a source supplies.',
  },
  {
    number: 12,
    when: { primary: ['no_target'] },
    decision: 'iterate',
    reason: 'No target was set, so nothing was judged: set one for the next piece.',
  },
];

/** The rows that fit; the table has exactly one for every input. */
export function rowsFor(input: RecommendationInput): RecommendationRow[] {
  return RECOMMENDATION_TABLE.filter(({ when }) =>
    Object.entries(when).every(([part, values]) =>
      values.some((value) => value === input[part as keyof RecommendationInput]),
    ),
  );
}

export const Recommendation = z
  .object({
    decision: z.enum(DECISIONS),
    row: z.int().describe('number of the row of the table in docs/kpi-review.md'),
    reason: z.string(),
    input: z.object({
      primary: z.enum(RECOMMENDATION_INPUTS.primary),
      guardrails: z.enum(RECOMMENDATION_INPUTS.guardrails),
      secondaries: z.enum(RECOMMENDATION_INPUTS.secondaries),
      completeness: z.enum(RECOMMENDATION_INPUTS.completeness),
      look: z.enum(RECOMMENDATION_INPUTS.look),
      lasting: z.enum(RECOMMENDATION_INPUTS.lasting),
    }),
  })
  .meta({
    id: 'Recommendation',
    description: 'what the table recommends, and what it looked at',
  });
export type Recommendation = z.infer<typeof Recommendation>;

/** @throws RangeError when the table has not exactly one row for the input. */
export function recommend(input: RecommendationInput): Recommendation {
  const [row, ...others] = rowsFor(input);
  if (row === undefined || others.length > 0) {
    throw new RangeError(`not exactly one row of the table fits ${JSON.stringify(input)}`);
  }
  return { decision: row.decision, row: row.number, reason: row.reason, input };
}

/** What a frozen review gives the table to look at. */
export function recommendationInput({
  verdicts,
  checkpoints,
  isLater,
  evergreen,
}: {
  verdicts: Pick<ReviewVerdicts, 'rows' | 'primary' | 'combined' | 'guardrails'>;
  checkpoints: readonly { checkpoint: string; state: 'due' | 'recorded' | 'missing' }[];
  /** The measurement was extended before this review. */
  isLater: boolean;
  evergreen: boolean;
}): RecommendationInput {
  const { primary, combined } = verdicts;
  const age = primary === null ? null : checkpointAgeHours(primary.checkpoint);
  const asked = checkpoints.filter(({ checkpoint }) => checkpointAgeHours(checkpoint) === age);
  return {
    primary: combined.verdict,
    guardrails: guardrailsOf(verdicts),
    secondaries: secondariesOf(verdicts),
    completeness: asked.every(({ state }) => state === 'recorded') ? 'complete' : 'partial',
    look: isLater ? 'later' : 'first',
    lasting: evergreen ? 'evergreen' : 'dated',
  };
}

/** One that is broken speaks for all; one that held speaks where nothing is known of the others. */
function guardrailsOf({
  guardrails = [],
}: Pick<ReviewVerdicts, 'guardrails'>): RecommendationInput['guardrails'] {
  if (guardrails.some(({ verdict }) => verdict === 'broken')) return 'broken';
  return guardrails.some(({ verdict }) => verdict === 'held') ? 'kept' : 'unknown';
}

/** Targets beside the primary one, each counted once, of whichever role it is. */
function secondariesOf({
  rows,
  primary,
}: Pick<ReviewVerdicts, 'rows' | 'primary'>): RecommendationInput['secondaries'] {
  const keyOf = ({ kpi, checkpoint }: Pick<VerdictRow, 'kpi' | 'checkpoint'>) =>
    `${kpi} ${checkpoint}`;
  const [whole] = rows;
  const judged = new Map(
    rows
      .filter(({ scope, target }) => scope === whole?.scope && target !== null)
      .map((row) => [keyOf(row), row.verdict]),
  );
  if (primary !== null) judged.delete(keyOf(primary));
  const count = (verdict: Verdict) => [...judged.values()].filter((one) => one === verdict).length;
  const [met, missed] = [count('met'), count('missed')];
  if (met === missed) return 'mixed';
  return met > missed ? 'mostly_met' : 'mostly_missed';
}
