import { z } from '@hono/zod-openapi';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import {
  CAMPAIGN_STATES,
  campaignStateOf,
  RELEASE_RULES,
  Stakeholder,
} from '../domain/campaign/campaign.ts';
import { Instant } from '../domain/instant.ts';
import { Goal } from '../domain/item/content/brief.ts';
import { KpiTarget, KpiTargets } from '../domain/kpi/targets.ts';
import { InstantText, idParams } from './route-parts.ts';

export const CampaignParams = idParams('id of the campaign', 'cmp_01KAMJ5SQ0');

const releaseRule = z
  .enum(RELEASE_RULES)
  .describe(
    'what opens its gate: nothing has to, a person, or the approval of all its items. A person may open any gate',
  );

export const Campaign = z
  .object({
    id: z.string(),
    name: z.string(),
    goal: Goal,
    startsAt: InstantText.nullable(),
    endsAt: InstantText.nullable(),
    kpiTargets: z.array(KpiTarget),
    budgetNote: z.string(),
    stakeholders: z.array(Stakeholder),
    release: releaseRule,
    state: z.enum(CAMPAIGN_STATES).describe('`waiting`: its gate is closed'),
    releasedAt: InstantText.nullable().describe('when its gate opened'),
    pausedAt: InstantText.nullable(),
    cancelledAt: InstantText.nullable(),
    cancelReason: z.string().nullable(),
    closedAt: InstantText.nullable().describe('when its review was signed'),
    createdBy: z.string().describe('id of a member'),
    createdAt: InstantText,
  })
  .meta({ id: 'Campaign' });

const fields = {
  name: z.string().trim().min(1).max(200),
  goal: Goal,
  startsAt: Instant.nullable().describe('its flight begins'),
  endsAt: Instant.nullable().describe('its flight ends before it'),
  kpiTargets: KpiTargets,
  budgetNote: z.string().trim().max(2_000).describe('what it may cost, in words'),
  stakeholders: z
    .array(Stakeholder)
    .max(50)
    .describe('members, who are told, and addresses, which are kept for people to read'),
  release: releaseRule,
};

interface Flight {
  startsAt: string | null;
  endsAt: string | null;
}

/** A flight ends after it begins. */
export function isFlight({ startsAt, endsAt }: Flight): boolean {
  return startsAt === null || endsAt === null || Date.parse(startsAt) < Date.parse(endsAt);
}

export const NO_FLIGHT = 'is not after `startsAt`';

export const NewCampaign = z
  .strictObject({
    ...fields,
    startsAt: fields.startsAt.default(null),
    endsAt: fields.endsAt.default(null),
    kpiTargets: fields.kpiTargets.default([]),
    budgetNote: fields.budgetNote.default(''),
    stakeholders: fields.stakeholders.default([]),
    release: fields.release.default('at_once'),
  })
  .refine(isFlight, { message: NO_FLIGHT, path: ['endsAt'] })
  .meta({ id: 'NewCampaign' });

export const CampaignUpdate = z.strictObject(fields).partial().meta({ id: 'CampaignUpdate' });

export function campaignView(row: CampaignRow): z.infer<typeof Campaign> {
  const { workspaceId: _, ...shown } = row;
  return { ...shown, state: campaignStateOf(row) };
}
