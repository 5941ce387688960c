import type { Brief } from '../domain/item/content/brief.ts';
import type { Draft } from '../domain/item/content/draft.ts';

/** Bodies as they look when they are whole: shown in the documentation, checked by a test. */
export const BRIEF_EXAMPLE = {
  objective: 'Show bakers how a shared order book saves bread from the bin',
  goal: 'engage',
  intent: 'inform',
  pillar: 'craft',
  audience: {
    description: 'Bakers with two to five shops',
    method: 'interview',
    sources: ['six interviews, spring'],
  },
  keyMessage: 'What is counted in the evening is not thrown away in the morning',
  callToAction: { text: 'Read the guide', url: 'https://example.org/guide' },
  formats: ['written'],
  channels: ['sandbox'],
  languages: ['en'],
  dueAt: '2030-01-01T12:00:00Z',
  kpiTargets: [{ kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d', primary: true }],
  guardrails: [{ kpi: 'sentiment', checkpoint: '+7d' }],
} satisfies Brief;

export const DRAFT_EXAMPLE = {
  language: 'en',
  title: 'The order book that saves bread',
  body: 'Every evening three shops write down what is left.',
  assets: [],
  variants: [{ channel: 'sandbox', text: 'Three shops, one order book, less waste.' }],
  contributors: [],
} satisfies Draft;

export const CHECKLIST_EXAMPLE = {
  checklist: { matches_brief: true, facts_sourced: true, brand_consistent: true },
  note: 'The second paragraph is new',
};

export const DECLINE_EXAMPLE = { reason: 'wrong_audience', comment: 'Our readers have one shop' };

export const APPROVAL_EXAMPLE = {
  role: 'editor',
  contentHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  decision: 'approve',
};

export const SCHEDULE_EXAMPLE = {
  publications: [
    { channelAccountId: 'cha_01KAMJ5SQ0', local: '2030-01-02T09:30:00', zone: 'Europe/Paris' },
  ],
};

export const RESOLVE_EXAMPLE = {
  outcome: 'live',
  evidence: 'Seen on the account at 09:41',
  permalink: 'https://example.org/p/1',
};

export const REASON_EXAMPLE = { reason: 'The figures are being checked' };

export const REASSIGN_EXAMPLE = {
  role: 'creator',
  memberId: 'mbr_01KAMJ5SQ0',
  reason: 'On leave from Monday',
};

export const EXTEND_EXAMPLE = { reason: 'The interview was moved', until: '2030-01-05T17:00:00Z' };

export const SIGN_OFF_EXAMPLE = {
  role: 'strategist',
  decision: 'iterate',
  reviewHash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  learnings: 'Openings with a number held readers longer',
};

export const READING_EXAMPLE = {
  measure: 'impressions',
  value: 12_000,
  checkpoint: '+24h',
  asOf: '2026-03-02T08:00:00Z',
};
