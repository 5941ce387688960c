import { z } from 'zod';
import { event, HASH_EXAMPLE, text } from './event-parts.ts';

const campaign = { campaignId: text, name: text, reason: text.nullable() };
const EXAMPLE = {
  campaignId: 'cmp_01KAMJ5SQ0',
  name: 'Bread saved, spring',
  reason: 'the product is late',
};

const review = { campaignId: text, name: text, reviewHash: text, verdict: text };
const REVIEW_EXAMPLE = {
  campaignId: 'cmp_01KAMJ5SQ0',
  name: 'Bread saved, spring',
  reviewHash: HASH_EXAMPLE,
  verdict: 'met',
};

/** What is told of a campaign as a whole; what follows for each item is told of the item. */
export const CAMPAIGN_EVENTS = {
  'campaign.released': event('The gate of a campaign is open', campaign, {
    ...EXAMPLE,
    reason: null,
  }),
  'campaign.paused': event('A campaign is paused: its items go on hold', campaign, EXAMPLE),
  'campaign.resumed': event('A campaign goes on: its items are resumed', campaign, EXAMPLE),
  'campaign.cancelled': event('A campaign is cancelled, and its items with it', campaign, EXAMPLE),
  'campaign.review_opened': event(
    'The review of a campaign is frozen and waits for three sign-offs',
    review,
    REVIEW_EXAMPLE,
  ),
  'campaign.review_returned': event(
    'Nobody agreed to a decision on a campaign against the recommendation: the strategist decides again',
    { campaignId: text, name: text, reviewHash: text, decision: text },
    {
      campaignId: 'cmp_01KAMJ5SQ0',
      name: 'Bread saved, spring',
      reviewHash: HASH_EXAMPLE,
      decision: 'scale',
    },
  ),
  'campaign.review_closed': event(
    'The review of a campaign is signed, and the campaign closed',
    { ...review, decision: text, dissent: z.array(text).describe('roles that do not agree') },
    { ...REVIEW_EXAMPLE, decision: 'iterate', dissent: [] },
  ),
} as const;

export type CampaignEventType = keyof typeof CAMPAIGN_EVENTS;
