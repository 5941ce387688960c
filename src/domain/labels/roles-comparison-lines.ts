import type { KpiId } from '../kpi/catalogue.ts';
import type { OwnerRole } from '../people/roles.ts';

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

/**
 * What each role does and is, by code; the two language files word every code. Null is a line that
 * Baton has no place for yet. A test names what stands for each of the others.
 */
export const COMPARISON_LINES = {
  strategist: {
    responsibilities: {
      overall_strategy: 'briefing',
      direction: 'brief',
      data_driven_calendar: 'calendar',
      audience_studies: 'brief',
      guidelines: null,
      governance: 'playbook',
      business_alignment: 'brief',
      analytics_oversight: 'kpi_review',
    },
    skills: {
      writing_and_revising: 'member',
      analytics: 'member',
      seo: 'member',
      project_management: 'member',
      creative_problem_solving: 'member',
    },
    backgrounds: {
      marketing: null,
      journalism: null,
      business_analytics: null,
      consulting: null,
    },
    dailyActivities: {
      competitor_analysis: null,
      audience_research: 'brief',
      strategy_meetings: null,
      planning_sessions: null,
      calendar_updates: 'calendar',
      analytics_review: 'kpi_review',
    },
    collaborations: {
      marketing: null,
      leadership: 'playbook',
      creators: 'briefing',
      sales_and_crm: null,
    },
  },
  social_media_manager: {
    responsibilities: {
      account_management: 'channel_account',
      daily_social_content: 'draft',
      community_engagement: null,
      social_campaigns: 'campaign',
      social_data_analysis: 'readings',
    },
    skills: {
      writing_and_creativity: 'member',
      platform_expertise: 'member',
      depth_over_breadth: 'member',
      analysis: 'member',
      community_management: 'member',
      campaign_management: 'member',
    },
    backgrounds: {
      marketing: null,
      communications: null,
      public_relations: null,
      english: null,
    },
    dailyActivities: {
      creating_and_curating: 'scheduling',
      replying_to_comments_and_messages: null,
      performance_reports: 'kpi_review',
      platform_monitoring: 'audit',
    },
    collaborations: {
      community_managers: null,
      creators: 'scheduling',
      public_relations: 'review',
      advertising: null,
    },
  },
  creator: {
    responsibilities: {
      multi_format_production: 'draft',
      brand_consistency: 'review',
      search_optimisation: 'brief',
      contributor_work: 'draft',
      team_brainstorming: null,
    },
    skills: {
      writing: 'member',
      creativity_and_ideation: 'member',
      visual_design: 'member',
      video_and_audio_production: 'member',
      research_and_interviews: 'member',
    },
    backgrounds: {
      journalism: null,
      creative_writing: null,
      media_production: null,
      visual_design: null,
    },
    dailyActivities: {
      writing: 'creation',
      interviews: null,
      brainstorming: null,
      video_and_audio_editing: 'creation',
      image_and_design_work: 'creation',
      pitching_ideas: null,
    },
    collaborations: {
      strategists: 'brief',
      other_creators: 'creation',
      experts: 'review',
      designers: null,
    },
  },
} as const satisfies Record<
  OwnerRole,
  Record<ComparisonSection, Record<string, ComparisonPlace | null>>
>;

/** What holds across the three roles. */
export const ACROSS_LINES = {
  specialised_tasks: 'actions',
  overlapping_roles: 'member',
  mix_of_skills: null,
  constant_alignment: 'playbook',
  content_mapping: 'brief',
  intent: 'brief',
  macro_and_micro: null,
  layered_analysis: 'kpi_review',
} as const satisfies Record<string, ComparisonPlace | null>;

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

type Lines = typeof COMPARISON_LINES;

/** The words of one language: every code has its text, no more and no less. */
export interface ComparisonTexts {
  title: string;
  sections: Record<ComparisonSection | 'kpis' | 'across', string>;
  places: Record<ComparisonPlace, string>;
  roles: {
    [Role in OwnerRole]: { mission: string; view: string } & {
      [Section in ComparisonSection]: Record<keyof Lines[Role][Section], string>;
    };
  };
  across: Record<keyof typeof ACROSS_LINES, string>;
}
