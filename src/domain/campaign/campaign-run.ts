/** The run of a campaign, and the signal that there is something to see. */
export const CAMPAIGN_WORKFLOW = 'campaign';
export const CAMPAIGN_SIGNAL = 'look';

export interface CampaignKey {
  workspaceId: string;
  campaignId: string;
}

/** Readable, and one per campaign. */
export function campaignWorkflowId({ campaignId }: Pick<CampaignKey, 'campaignId'>): string {
  return `campaign:${campaignId}`;
}

/** What a look at a campaign came to. */
export interface CampaignLook {
  /** Nothing is left to be done, for good. */
  isOver: boolean;
  /** How long until the next look, unless it is called. */
  waitMs: number;
}

/** What an item's run hears from its campaign. */
export type CampaignWord = { campaignId: string } & (
  | { type: 'campaign_released' }
  | { type: 'campaign_cancelled'; reason: string }
);
/** The signal that brings it. */
export const CAMPAIGN_WORD_SIGNAL = 'campaign';

/**
 * Id of a command that an act of a campaign sends to one of its items: the same at every attempt.
 * @param number 1 for the first one. An item that refused it, or has joined again since, gets another.
 */
export function actCommandId(actId: string, itemId: string, number: number): string {
  return `campaign:${actId}:${itemId}${number === 1 ? '' : `:${number}`}`;
}
