import { z } from 'zod';
import { Instant } from '../instant.ts';
import { KPI_IDS, kpiTargetIssue } from '../kpi/catalogue.ts';

export const ASSET_KINDS = ['written', 'visual', 'video', 'audio'] as const;
export type AssetKind = (typeof ASSET_KINDS)[number];

/** Facts of a brief that ask for further approvers. */
export const BRIEF_FACTS = ['sponsored', 'regulated', 'claims', 'technical', 'news'] as const;

const text = (max: number) => z.string().trim().min(1).max(max);

/** A checkpoint's name: `+1h`, `+24h`, `+7d` … up to a year. */
export const CheckpointName = z
  .string()
  .regex(/^\+[1-9]\d{0,3}[hd]$/, 'is an age such as "+24h" or "+7d"')
  .meta({ id: 'CheckpointName', example: '+7d' });

export const KpiTarget = z
  .strictObject({
    kpi: z.enum(KPI_IDS),
    target: z.number().describe('rates are fractions: 3 % is 0.03'),
    checkpoint: CheckpointName,
    primary: z.boolean().optional(),
  })
  .superRefine(({ kpi, target }, context) => {
    const issue = kpiTargetIssue(kpi, target);
    if (issue !== null) context.addIssue({ code: 'custom', path: ['target'], message: issue });
  })
  .meta({
    id: 'KpiTarget',
    example: { kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d' },
  });
export type KpiTarget = z.infer<typeof KpiTarget>;

/** Targets of a brief or a campaign: one per KPI and checkpoint, at most one primary. */
export const KpiTargets = z
  .array(KpiTarget)
  .max(50)
  .superRefine((targets, context) => {
    if (targets.filter(({ primary }) => primary).length > 1) {
      context.addIssue({ code: 'custom', message: 'at most one target is primary' });
    }
    const seen = new Set<string>();
    for (const [index, { kpi, checkpoint }] of targets.entries()) {
      const key = `${kpi} ${checkpoint}`;
      if (seen.has(key)) {
        const message = `${kpi} at ${checkpoint} has a target already`;
        context.addIssue({ code: 'custom', path: [index], message });
      }
      seen.add(key);
    }
  });

/** What a brief or a campaign is for. */
export const Goal = z.enum(['attract', 'engage', 'convert', 'delight']);

/** What is to be made and why. Savable incomplete: `missingBriefFields` names what a handoff still needs. */
export const Brief = z
  .strictObject({
    objective: text(2_000).optional(),
    goal: Goal.optional(),
    intent: z.enum(['inform', 'entertain', 'engage', 'inspire']).optional(),
    pillar: text(200).optional(),
    journeyStep: text(200).optional(),
    audience: z
      .strictObject({
        description: text(4_000).optional(),
        method: z.enum(['survey', 'interview', 'focus_group', 'analytics']).optional(),
        sources: z.array(text(1_000)).max(50).optional(),
      })
      .optional(),
    keyMessage: text(2_000).optional(),
    callToAction: z
      .strictObject({
        text: text(500).optional(),
        url: z
          .url({ protocol: /^https?$/ })
          .max(2_048)
          .optional(),
      })
      .optional(),
    formats: z.array(z.enum(ASSET_KINDS)).max(4).optional(),
    channels: z.array(text(40)).max(20).optional(),
    languages: z
      .array(z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'is a BCP 47 language tag'))
      .max(20)
      .optional(),
    keywords: z.array(text(100)).max(50).optional(),
    dueAt: Instant.optional(),
    embargoUntil: Instant.optional(),
    facts: z
      .strictObject({
        sponsored: z.boolean().optional(),
        regulated: z.boolean().optional(),
        claims: z.boolean().optional(),
        technical: z.boolean().optional(),
        news: z.boolean().optional(),
      })
      .optional(),
    kpiTargets: KpiTargets.optional(),
    learnings: text(10_000).optional(),
    notes: text(10_000).optional(),
  })
  .meta({ id: 'Brief' });
export type Brief = z.infer<typeof Brief>;

const REQUIRED_FIELDS: Record<string, (brief: Brief) => unknown> = {
  objective: (brief) => brief.objective,
  goal: (brief) => brief.goal,
  intent: (brief) => brief.intent,
  pillar: (brief) => brief.pillar,
  'audience.description': (brief) => brief.audience?.description,
  'audience.method': (brief) => brief.audience?.method,
  'audience.sources': (brief) => brief.audience?.sources?.length,
  keyMessage: (brief) => brief.keyMessage,
  'callToAction.text': (brief) => brief.callToAction?.text,
  'callToAction.url': (brief) => brief.callToAction?.url,
  formats: (brief) => brief.formats?.length,
  channels: (brief) => brief.channels?.length,
  languages: (brief) => brief.languages?.length,
  dueAt: (brief) => brief.dueAt,
};

/** Paths of the fields that the brief handoff requires and this brief lacks. */
export function missingBriefFields(brief: Brief): string[] {
  return Object.entries(REQUIRED_FIELDS).flatMap(([path, read]) => (read(brief) ? [] : [path]));
}
