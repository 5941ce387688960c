import { MET, plansASend, type Requirements, unmet } from './question.ts';

/** An item and its campaign. */
export const CAMPAIGN_REQUIREMENTS = {
  campaign_may_change: {
    text: 'The item is not being cancelled with its campaign.',
    check: ({ context, ask }) =>
      ask.type === 'set_campaign' && context.cancelling !== null
        ? unmet('the item is cancelled with its campaign')
        : MET,
  },

  gate_not_passed: {
    text: 'An item that is planned, or out, joins no campaign whose gate is closed.',
    check: ({ context, ask }) => {
      if (ask.type !== 'set_campaign' || ask.refs === null) return MET;
      const { campaign } = ask.facts;
      if (campaign === null || campaign.released || campaign.id === context.campaign?.id)
        return MET;
      return context.publications.some(({ state }) => state !== 'tentative' && state !== 'skipped')
        ? unmet('the gate of the campaign is closed, and the item is planned or out already')
        : MET;
    },
  },

  campaign_released: {
    text: 'The campaign’s gate is open, and the campaign is not cancelled.',
    check: ({ context, ask }) => {
      if (!plansASend(ask)) return MET;
      if (context.cancelling !== null) return unmet('the campaign is cancelled');
      return context.campaign === null || context.campaign.released
        ? MET
        : unmet('the gate of the campaign is closed');
    },
  },
} as const satisfies Requirements;
