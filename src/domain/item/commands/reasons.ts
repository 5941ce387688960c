/** Closed list of why a handoff is declined or changes are requested. */
export const REASONS = [
  'off_brief',
  'brand_voice',
  'factual_error',
  'unsupported_claim',
  'legal_risk',
  'missing_disclosure',
  'rights_or_licence',
  'accessibility',
  'seo',
  'channel_format',
  'broken_link',
  'wrong_audience',
  'timing_conflict',
  'duplicate',
  'quality',
] as const;

export type Reason = (typeof REASONS)[number];
