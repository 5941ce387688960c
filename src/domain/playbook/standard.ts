import type { Playbook } from './playbook.ts';

/** The playbook that ships. Business durations follow the workspace's calendar. */
export const STANDARD_PLAYBOOK = {
  name: 'standard',
  version: 1,
  clocks: {
    briefing: { amount: 2, unit: 'business_days' },
    creation: { amount: 5, unit: 'business_days' },
    review: { amount: 24, unit: 'hours' },
    scheduling: { amount: 1, unit: 'business_days' },
    publishing: { amount: 15, unit: 'minutes' },
    kpi_review: { amount: 3, unit: 'business_days' },
  },
  gate: [
    { role: 'editor', quorum: 'any' },
    { role: 'legal', quorum: 'any', when: ['regulated', 'sponsored', 'claims'] },
    { role: 'subject_expert', quorum: 'any', when: ['technical'] },
    { role: 'public_relations', quorum: 'any', when: ['news'] },
  ],
  revisionLimit: 2,
  checklists: {
    brief: [
      {
        code: 'insight_attached',
        label: 'An insight or source material is attached',
        kind: 'human',
      },
      { code: 'constraints_named', label: 'Brand and legal constraints are named', kind: 'human' },
      { code: 'success_defined', label: 'What success looks like is defined', kind: 'human' },
      { code: 'strategy_aligned', label: 'It is aligned with the content strategy', kind: 'human' },
    ],
    review: [
      { code: 'alt_text', label: 'Every visual has alt text', kind: 'machine' },
      { code: 'no_blank_text', label: 'No filler text is left', kind: 'machine' },
      { code: 'disclosure', label: 'A sponsored piece says so in every variant', kind: 'machine' },
      { code: 'consent', label: 'Every contributor has consented', kind: 'machine' },
      { code: 'matches_brief', label: 'It matches the brief and its intent', kind: 'human' },
      { code: 'facts_sourced', label: 'Facts are sourced', kind: 'human' },
      { code: 'brand_consistent', label: 'It follows the brand guidelines', kind: 'human' },
      {
        code: 'seo_optimised',
        label: 'It is optimised for the keywords of the brief',
        kind: 'human',
      },
    ],
  },
  checkpoints: [
    { name: '+1h', required: true },
    { name: '+24h', required: true },
    { name: '+72h', required: true },
    { name: '+7d', required: true },
    { name: '+28d', required: true },
  ],
  slotGraceMinutes: 15,
  approvalDeadlineMinutes: 60,
  checkpointGraceHours: 24,
} as const satisfies Playbook;
