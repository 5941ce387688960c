import { z } from 'zod';
import { ASSET_KINDS } from '../../asset-kinds.ts';
import { ChannelId } from '../../channel/channels.ts';
import { Instant } from '../../instant.ts';
import { KpiGuardrails, KpiTargets } from '../../kpi/targets.ts';
import { LanguageTag } from '../../language-tag.ts';

/** Facts of a brief that ask for further approvers. */
export const BRIEF_FACTS = ['sponsored', 'regulated', 'claims', 'technical', 'news'] as const;

const text = (max: number) => z.string().trim().min(1).max(max);

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
    channels: z.array(ChannelId).max(20).optional(),
    languages: z.array(LanguageTag).max(20).optional(),
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
    guardrails: KpiGuardrails.optional().describe('KPIs that must not get worse'),
    evergreen: z
      .boolean()
      .optional()
      .describe('it stays true: once it met its goal, it may be published again'),
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
