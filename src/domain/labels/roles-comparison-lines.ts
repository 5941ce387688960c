import type { KpiId } from '../kpi/catalogue.ts';
import type { OwnerRole } from '../people/roles.ts';
import type { ComparisonTexts } from './roles-comparison.en.ts';

/** Where a line of the comparison lives: a stage of the item, or a thing that Baton has. */
export const COMPARISON_PLACES = [
  'briefing',
  'creation',
  'review',
  'scheduling',
  'kpi_review',
  'brief',
  'draft',
  'playbook',
  'member',
  'campaign',
  'calendar',
  'channel_account',
  'audit',
  'readings',
  'actions',
] as const;
export type ComparisonPlace = (typeof COMPARISON_PLACES)[number];

export const COMPARISON_SECTIONS = [
  'responsibilities',
  'skills',
  'backgrounds',
  'dailyActivities',
  'collaborations',
] as const;
export type ComparisonSection = (typeof COMPARISON_SECTIONS)[number];

/** Every skill is a tag of a member; no background has a place yet. */
type PlacedSection = Exclude<ComparisonSection, 'skills' | 'backgrounds'>;

/**
 * Where Baton has what each role does and is, by the code of the line; the two language files have the
 * lines themselves. Baton has no place yet for a line without one. A test names what stands for each
 * of the others.
 */
export const PLACES_OF_LINES: {
  readonly [R in OwnerRole]: {
    readonly [S in PlacedSection]: Partial<
      Record<keyof ComparisonTexts['roles'][R][S], ComparisonPlace>
    >;
  };
} = {
  strategist: {
    responsibilities: {
      overall_strategy: 'briefing',
      direction: 'brief',
      data_driven_calendar: 'calendar',
      audience_studies: 'brief',
      governance: 'playbook',
      business_alignment: 'brief',
      analytics_oversight: 'kpi_review',
    },
    dailyActivities: {
      audience_research: 'brief',
      calendar_updates: 'calendar',
      analytics_review: 'kpi_review',
    },
    collaborations: { leadership: 'playbook', creators: 'briefing' },
  },
  social_media_manager: {
    responsibilities: {
      account_management: 'channel_account',
      daily_social_content: 'draft',
      social_campaigns: 'campaign',
      social_data_analysis: 'readings',
    },
    dailyActivities: {
      creating_and_curating: 'scheduling',
      performance_reports: 'kpi_review',
      platform_monitoring: 'audit',
    },
    collaborations: { creators: 'scheduling', public_relations: 'review' },
  },
  creator: {
    responsibilities: {
      multi_format_production: 'draft',
      brand_consistency: 'review',
      search_optimisation: 'brief',
      contributor_work: 'draft',
    },
    dailyActivities: {
      writing: 'creation',
      video_and_audio_editing: 'creation',
      image_and_design_work: 'creation',
    },
    collaborations: { strategists: 'brief', other_creators: 'creation', experts: 'review' },
  },
};

/** The same for what holds across the three roles. */
export const PLACES_ACROSS: Partial<Record<keyof ComparisonTexts['across'], ComparisonPlace>> = {
  specialised_tasks: 'actions',
  overlapping_roles: 'member',
  constant_alignment: 'playbook',
  content_mapping: 'brief',
  intent: 'brief',
  layered_analysis: 'kpi_review',
};

/** KPIs that the comparison names for each role, in its order. */
export const COMPARISON_KPIS = {
  strategist: [
    'content_traffic',
    'conversions',
    'audience_growth',
    'engagement',
    'bounce_rate',
    'pages_per_session',
    'search_rank',
  ],
  social_media_manager: [
    'audience_growth',
    'unfollows',
    'engagement_rate',
    'click_through_rate',
    'campaign_reach',
    'sentiment',
    'mentions',
  ],
  creator: [
    'content_engagement',
    'audience_reactions',
    'shares',
    'downloads',
    'bounce_rate',
    'pages_per_session',
  ],
} as const satisfies Record<OwnerRole, readonly KpiId[]>;

/** At which level each role looks at the same readings. */
export const COMPARISON_LEVELS = {
  strategist: 'campaign',
  social_media_manager: 'channel',
  creator: 'item',
} as const satisfies Record<OwnerRole, string>;
