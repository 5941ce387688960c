import { z } from 'zod';
import { SENDING_STAGES, type Stage } from '../item/stages.ts';

/** What opens the gate of a campaign. Until then its items may not be scheduled. */
export const RELEASE_RULES = ['at_once', 'by_person', 'all_approved'] as const;
export type ReleaseRule = (typeof RELEASE_RULES)[number];

/** What somebody may ask of all items of a campaign at once. */
export const CAMPAIGN_ACT_KINDS = ['release', 'pause', 'resume', 'cancel'] as const;
export type CampaignActKind = (typeof CAMPAIGN_ACT_KINDS)[number];

/** Who is told of a campaign: a member, or an address. */
export const Stakeholder = z
  .union([
    z.strictObject({ memberId: z.string().min(1).max(64) }),
    z.strictObject({ email: z.email().max(254) }),
  ])
  .meta({ id: 'Stakeholder' });
export type Stakeholder = z.infer<typeof Stakeholder>;

/** Whom everything that asks something of all its items is for. */
export const CAMPAIGN_ROLES = ['strategist', 'admin'] as const;

export const CAMPAIGN_STATES = ['waiting', 'running', 'paused', 'cancelled', 'closed'] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/** The instants that say where a campaign stands. */
export interface CampaignInstants {
  releasedAt: string | null;
  pausedAt: string | null;
  cancelledAt: string | null;
  closedAt: string | null;
}

/** `waiting`: its gate is closed. */
export function campaignStateOf(campaign: CampaignInstants): CampaignState {
  if (campaign.cancelledAt !== null) return 'cancelled';
  if (campaign.closedAt !== null) return 'closed';
  if (campaign.pausedAt !== null) return 'paused';
  return campaign.releasedAt === null ? 'waiting' : 'running';
}

/** A post of an item in one of these may go out, or be measured. */
export const UNDER_WAY_STAGES: readonly Stage[] = [...SENDING_STAGES, 'measuring'];

/** Nothing is asked of its items any more, and none joins it. */
export function isOver(campaign: CampaignInstants): boolean {
  return campaign.cancelledAt !== null || campaign.closedAt !== null;
}
