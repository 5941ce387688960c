import { z } from 'zod';
import { BRIEF_FACTS } from '../item/content/brief.ts';
import { MACHINE_CHECKS } from '../item/content/draft.ts';
import { CLOCKED_STAGES } from '../item/stages.ts';
import { CheckpointName } from '../kpi/checkpoint-name.ts';
import { LinkRule } from '../links/outgoing-link.ts';
import { APPROVER_ROLES } from '../people/roles.ts';
import { OVERDUE_POLICIES, RETURNABLE_STAGES } from './overdue.ts';

export const Duration = z
  .strictObject({
    amount: z.int().min(1).max(10_000),
    unit: z.enum(['minutes', 'hours', 'business_hours', 'business_days']),
  })
  .meta({ id: 'Duration' });
export type Duration = z.infer<typeof Duration>;

export const Quorum = z
  .union([z.literal('any'), z.literal('all'), z.strictObject({ atLeast: z.int().min(1).max(20) })])
  .meta({ id: 'Quorum', description: 'members within one role: any one, all, or n of them' });
export type Quorum = z.infer<typeof Quorum>;

/** Somebody outside the workspace whom the gate asks: they answer by link. */
export const ExternalApprover = z
  .strictObject({ name: z.string().trim().min(1).max(200), email: z.email().max(254) })
  .meta({ id: 'ExternalApprover' });
export type ExternalApprover = z.infer<typeof ExternalApprover>;

export const GateRule = z
  .strictObject({
    role: z.enum(APPROVER_ROLES),
    quorum: Quorum,
    when: z
      .array(z.enum(BRIEF_FACTS))
      .min(1)
      .max(BRIEF_FACTS.length)
      .optional()
      .describe('asked only when the brief states one of these'),
    signIn: z.boolean().optional().describe('who decides signs in: no approval by link'),
    approvers: z
      .array(ExternalApprover)
      .min(1)
      .max(10)
      .optional()
      .describe('people outside the workspace who may answer by link'),
  })
  .meta({ id: 'GateRule' });
export type GateRule = z.infer<typeof GateRule>;

export const ChecklistEntry = z
  .strictObject({
    code: z
      .string()
      .regex(/^[a-z][a-z0-9_]{1,59}$/)
      .max(60),
    label: z.string().min(1).max(200),
    kind: z.enum(['machine', 'human']),
  })
  .meta({ id: 'ChecklistEntry' });
export type ChecklistEntry = z.infer<typeof ChecklistEntry>;

export const Checkpoint = z
  .strictObject({ name: CheckpointName, required: z.boolean() })
  .meta({ id: 'Checkpoint' });

/** Versioned rules that an item pins at its start. */
export const Playbook = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,59}$/)
      .max(60),
    version: z.int().min(1),
    clocks: z.record(z.enum(CLOCKED_STAGES), Duration),
    overdue: z
      .partialRecord(z.enum(CLOCKED_STAGES), z.enum(OVERDUE_POLICIES))
      .meta({ maxProperties: CLOCKED_STAGES.length })
      .optional()
      .describe(
        'what becomes of an item at 150 % of a stage’s clock; `none` where it says nothing',
      ),
    gate: z.array(GateRule).min(1).max(8),
    revisionLimit: z.int().min(0).max(20),
    checklists: z.strictObject({
      brief: z.array(ChecklistEntry).max(40),
      review: z.array(ChecklistEntry).max(40),
    }),
    checkpoints: z.array(Checkpoint).min(1).max(12),
    slotGraceMinutes: z.int().min(1).max(1_440).describe('later than this, a slot is missed'),
    approvalDeadlineMinutes: z
      .int()
      .min(0)
      .max(43_200)
      .describe('a tentative slot is released so long before its time'),
    checkpointGraceHours: z
      .int()
      .min(1)
      .max(720)
      .describe('later than this, a checkpoint is missing'),
    links: LinkRule.optional().describe('what becomes of links; sent as written without it'),
  })
  .superRefine((playbook, context) => {
    const roles = new Set<string>();
    for (const [index, { role, quorum, signIn, approvers }] of playbook.gate.entries()) {
      if (roles.has(role)) {
        context.addIssue({
          code: 'custom',
          path: ['gate', index, 'role'],
          message: `${role} is asked twice`,
        });
      }
      roles.add(role);
      if (approvers !== undefined && (signIn === true || quorum === 'all')) {
        const because = signIn === true ? 'they cannot sign in' : '`all` counts members alone';
        context.addIssue({
          code: 'custom',
          path: ['gate', index, 'approvers'],
          message: `people outside the workspace cannot be asked here: ${because}`,
        });
      }
    }
    // Nobody would carry out any other, and its box could never be ticked.
    for (const [list, known] of [
      ['brief', []],
      ['review', MACHINE_CHECKS],
    ] as const) {
      for (const [index, { code, kind }] of playbook.checklists[list].entries()) {
        if (kind === 'human' || known.some((check) => check === code)) continue;
        context.addIssue({
          code: 'custom',
          path: ['checklists', list, index, 'code'],
          message: `is no machine check of the ${list}: ${known.join(', ') || 'it has none'}`,
        });
      }
    }
    for (const [stage, policy] of Object.entries(playbook.overdue ?? {})) {
      if (policy !== 'return' || RETURNABLE_STAGES.some((one) => one === stage)) continue;
      context.addIssue({
        code: 'custom',
        path: ['overdue', stage],
        message: `nobody handed it over here: return is for ${RETURNABLE_STAGES.join(', ')}`,
      });
    }
    if (!playbook.checkpoints.some((checkpoint) => checkpoint.required)) {
      context.addIssue({
        code: 'custom',
        path: ['checkpoints'],
        message: 'at least one is required',
      });
    }
    if (!playbook.gate.some((rule) => rule.when === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['gate'],
        message: 'at least one role is always asked',
      });
    }
  })
  .meta({ id: 'Playbook' });
export type Playbook = z.infer<typeof Playbook>;
