import { z } from 'zod';
import { OWNER_ROLES } from '../people/roles.ts';
import { KPI_IDS, KPI_UNITS } from './catalogue.ts';

export const VERDICTS = [
  'met',
  'missed',
  'inconclusive',
  'insufficient_data',
  'provisional',
  'not_available',
  'no_target',
] as const;

/**
 * `over_one`: a rate above 100 %. `partial`: parts are missing. `not_exposed`: terms of a sum that no
 * source exposes. `stated`: a person stated a number behind it. `unlabelled`: readings without a
 * checkpoint stood in. `mixed_definitions`: sources define one measure differently.
 */
export const VERDICT_FLAGS = [
  'over_one',
  'partial',
  'not_exposed',
  'stated',
  'unlabelled',
  'mixed_definitions',
] as const;
export type VerdictFlag = (typeof VERDICT_FLAGS)[number];

export const KpiId = z.enum(KPI_IDS).meta({ id: 'KpiId', example: 'click_through_rate' });
export type KpiId = z.infer<typeof KpiId>;

export const Verdict = z.enum(VERDICTS).meta({ id: 'Verdict', example: 'met' });
export type Verdict = z.infer<typeof Verdict>;

/** Without the shared id: a nullable reference would leave null out of its list. */
const kpiOrNone = z.enum(KPI_IDS).nullable();

const OwnerRole = z.enum(OWNER_ROLES);

const Scope = z
  .string()
  .regex(/^(campaign|item|(item|channel|publication):.+)$/)
  .meta({ description: 'what the row is about: `item`, `channel:<id>`, `publication:<id>` …' });

const sides = {
  numerator: z.number().optional(),
  denominator: z.number().optional(),
  low: z.number().optional().describe('lower bound of the 95 % interval'),
  high: z.number().optional().describe('upper bound of the 95 % interval'),
};

const unit = z.enum(KPI_UNITS);

/** A light beside the verdict: how far the figure is from its target. It decides nothing. */
export const BANDS = ['green', 'amber', 'red'] as const;
export type Band = (typeof BANDS)[number];

const Leaning = z.enum(['met', 'missed']);
export type Leaning = z.infer<typeof Leaning>;

/** A figure beside those of own pieces at the same age, of the same channels and formats. */
export const Comparison = z
  .object({
    median: z.number(),
    low: z.number().describe('lower bound of the 95 % interval of the median'),
    high: z.number().describe('upper bound of the 95 % interval of the median'),
    pieces: z.int().describe('at least 8, of the 90 days before this one was published'),
    position: z
      .enum(['better', 'alike', 'worse'])
      .describe('`alike`: the interval of the figure and that of the median touch'),
  })
  .meta({ id: 'KpiComparison', description: 'shown beside a verdict; it decides nothing' });
export type Comparison = z.infer<typeof Comparison>;

export const Coverage = z
  .object({ have: z.int(), of: z.int(), missing: z.array(Scope) })
  .meta({ id: 'Coverage', description: 'a roll-up covers `have` of `of` parts' });

/** One line of a KPI review. Absent numbers are null, never 0. */
export const VerdictRow = z
  .object({
    kpi: KpiId,
    role: OwnerRole,
    scope: Scope,
    checkpoint: z.string().nullable(),
    verdict: Verdict,
    value: z.number().nullable(),
    unit,
    direction: z.enum(['higher', 'lower']),
    ...sides,
    target: z.number().nullable(),
    attainment: z
      .number()
      .nullable()
      .describe('1 is exactly on target; null where it means nothing'),
    band: z
      .enum(BANDS)
      .nullable()
      .optional()
      .describe('decoration; null where nothing is judged or attainment means nothing'),
    leans: Leaning.optional().describe('where an inconclusive or early verdict leans'),
    early: z.boolean().optional().describe('a look before the one that decides'),
    comparison: Comparison.optional(),
    reason: z.string(),
    asOf: z.string().nullable().describe('of the oldest reading used'),
    primary: z.boolean(),
    definition: z.string().describe('the definition of the KPI that the value uses'),
    flags: z.array(z.enum(VERDICT_FLAGS)),
    coverage: Coverage.optional(),
    figures: z
      .array(z.object({ name: z.string(), unit, value: z.number().nullable(), ...sides }))
      .optional()
      .describe('the figures of a KPI that shows two; they are never added'),
    readings: z.array(z.string()).describe('ids of the readings behind the value'),
    gross_reach: z.number().optional(),
    gross_users: z.number().optional(),
    gross_followers: z.number().optional(),
    gross_followers_at_publish: z.number().optional(),
  })
  .meta({ id: 'VerdictRow' });
export type VerdictRow = z.infer<typeof VerdictRow>;

/** One role's view: its leading KPI decides it, the others inform. */
export const RoleVerdict = z
  .object({
    role: OwnerRole,
    verdict: Verdict,
    kpi: kpiOrNone.describe('the primary KPI where the role has it, else its first target'),
    counts: z.partialRecord(Verdict, z.int()),
  })
  .meta({ id: 'RoleVerdict' });
export type RoleVerdict = z.infer<typeof RoleVerdict>;

/** The verdicts on a guardrail: those on a target, but for what a benchmark can say. */
export const GUARDRAIL_VERDICTS = [
  'held',
  'broken',
  'inconclusive',
  'insufficient_data',
  'provisional',
  'not_available',
  'no_benchmark',
] as const;
export const GuardrailVerdict = z
  .enum(GUARDRAIL_VERDICTS)
  .meta({ id: 'GuardrailVerdict', example: 'held' });
export type GuardrailVerdict = z.infer<typeof GuardrailVerdict>;

/** A KPI that must not get worse, beside own pieces at the same age. */
export const GuardrailRow = z
  .object({
    kpi: KpiId,
    scope: Scope,
    checkpoint: z.string(),
    verdict: GuardrailVerdict,
    value: z.number().nullable(),
    unit,
    direction: z.enum(['higher', 'lower']),
    ...sides,
    comparison: Comparison.optional(),
    limit: z.number().nullable().describe('wholly worse than this is broken'),
    chance: z
      .number()
      .nullable()
      .describe('of an ordinary piece to be worse than the limit: a false alarm'),
    early: z.boolean().optional(),
    reason: z.string(),
    asOf: z.string().nullable(),
    readings: z.array(z.string()),
  })
  .meta({ id: 'GuardrailRow' });
export type GuardrailRow = z.infer<typeof GuardrailRow>;

/** How often chance alone gives a wrong verdict: with many KPIs, now and then. */
export const FalseAlarms = z
  .object({
    verdicts: z.int().describe('KPIs and ages that were judged by a 95 % interval'),
    expected: z.number().describe('5 % of them'),
    note: z.string(),
  })
  .meta({ id: 'FalseAlarms' });
export type FalseAlarms = z.infer<typeof FalseAlarms>;

/** Everything a KPI review says about one item or campaign. */
export const ReviewVerdicts = z
  .object({
    rows: z.array(VerdictRow),
    primary: z.object({ kpi: KpiId, checkpoint: z.string() }).nullable(),
    combined: z.object({ verdict: Verdict, kpi: kpiOrNone, reason: z.string() }),
    roles: z.array(RoleVerdict),
    guardrails: z.array(GuardrailRow).optional(),
    falseAlarms: FalseAlarms.optional(),
    readings: z.array(z.string()).describe('ids of the readings behind any row'),
  })
  .meta({ id: 'ReviewVerdicts' });
export type ReviewVerdicts = z.infer<typeof ReviewVerdicts>;
