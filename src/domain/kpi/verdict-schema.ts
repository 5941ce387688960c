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

/** Everything a KPI review says about one item or campaign. */
export const ReviewVerdicts = z
  .object({
    rows: z.array(VerdictRow),
    primary: z.object({ kpi: KpiId, checkpoint: z.string() }).nullable(),
    combined: z.object({ verdict: Verdict, kpi: kpiOrNone, reason: z.string() }),
    roles: z.array(RoleVerdict),
    readings: z.array(z.string()).describe('ids of the readings behind any row'),
  })
  .meta({ id: 'ReviewVerdicts' });
export type ReviewVerdicts = z.infer<typeof ReviewVerdicts>;
