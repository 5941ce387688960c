import { describe, expect, it } from 'vitest';
import { FINDING_CODES, REQUEST_REPAIRS } from '../../src/domain/audit/finding-catalogue.ts';
import type { CommandType } from '../../src/domain/item/commands.ts';
import { Brief } from '../../src/domain/item/content/brief.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';
import { COMMAND_RULES } from '../../src/domain/item/rules.ts';
import { STAGES, stageOf } from '../../src/domain/item/stages.ts';
import { rolesComparison } from '../../src/domain/labels/roles-comparison.ts';
import {
  COMPARISON_PLACES,
  COMPARISON_SECTIONS,
  type ComparisonPlace,
} from '../../src/domain/labels/roles-comparison-lines.ts';
import { Member } from '../../src/domain/people/member.ts';
import { Playbook } from '../../src/domain/playbook/playbook.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { routePaths } from '../support/route-paths.ts';

const paths = routePaths();
const route = (path: string) => paths.includes(path);
const brief = (field: string) => field in Brief.shape;
const draft = (field: string) => field in Draft.shape;
const skill = 'skillTags' in Member.shape;
const platform = 'platformTags' in Member.shape;
const command = (type: CommandType, stage: string) =>
  COMMAND_RULES[type].in.some((place) => stageOf(place) === stage);
const asked = (role: string) => STANDARD_PLAYBOOK.gate.some((rule) => rule.role === role);
const checked = (code: string) =>
  Object.values(STANDARD_PLAYBOOK.checklists).some((list) =>
    list.some((entry) => entry.code === code),
  );

/** What stands in Baton for a place. Every place is a stage or has a route of its own. */
const PLACES: Record<Exclude<ComparisonPlace, (typeof STAGES)[number]>, boolean> = {
  brief: route('/v1/items/{id}/brief'),
  draft: route('/v1/items/{id}/draft'),
  playbook: route('/v1/playbooks'),
  member: route('/v1/members/{id}'),
  campaign: route('/v1/campaigns/{id}'),
  calendar: route('/v1/calendar'),
  channel_account: route('/v1/channel-accounts'),
  audit: route('/v1/audit/stuck'),
  readings: route('/v1/items/{id}/readings'),
  actions: route('/v1/items/{id}/actions'),
};

/** What a line of the comparison finds at its place: a field, a command, a check, a route. */
const EVIDENCE: Record<string, boolean> = {
  'strategist.responsibilities.overall_strategy': command('save_brief', 'briefing'),
  'strategist.responsibilities.direction': brief('objective'),
  'strategist.responsibilities.data_driven_calendar': route('/v1/calendar'),
  'strategist.responsibilities.audience_studies': brief('audience'),
  'strategist.responsibilities.governance': 'gate' in Playbook.shape,
  'strategist.responsibilities.business_alignment': brief('goal'),
  'strategist.responsibilities.analytics_oversight': command('sign_off', 'kpi_review'),
  'strategist.skills.writing_and_revising': skill,
  'strategist.skills.analytics': skill,
  'strategist.skills.seo': skill,
  'strategist.skills.project_management': skill,
  'strategist.skills.creative_problem_solving': skill,
  'strategist.dailyActivities.audience_research': brief('audience'),
  'strategist.dailyActivities.calendar_updates': route('/v1/items/{id}/schedule'),
  'strategist.dailyActivities.analytics_review': route('/v1/kpi-reviews'),
  'strategist.collaborations.leadership': Playbook.shape.gate.safeParse([
    { role: 'leadership', quorum: 'any' },
  ]).success,
  'strategist.collaborations.creators': command('offer_handoff', 'briefing'),
  'social_media_manager.responsibilities.account_management': route(
    '/v1/channel-accounts/{id}/credentials',
  ),
  'social_media_manager.responsibilities.daily_social_content': draft('variants'),
  'social_media_manager.responsibilities.social_campaigns': route('/v1/campaigns'),
  'social_media_manager.responsibilities.social_data_analysis': route('/v1/items/{id}/readings'),
  'social_media_manager.skills.writing_and_creativity': skill,
  'social_media_manager.skills.platform_expertise': platform,
  'social_media_manager.skills.depth_over_breadth': platform,
  'social_media_manager.skills.analysis': skill,
  'social_media_manager.skills.community_management': skill,
  'social_media_manager.skills.campaign_management': skill,
  'social_media_manager.dailyActivities.creating_and_curating': command(
    'plan_schedule',
    'scheduling',
  ),
  'social_media_manager.dailyActivities.performance_reports': route('/v1/items/{id}/kpi-review'),
  'social_media_manager.dailyActivities.platform_monitoring':
    FINDING_CODES.includes('token_expiring') && REQUEST_REPAIRS.includes('replace_credentials'),
  'social_media_manager.collaborations.creators': command('accept_handoff', 'scheduling'),
  'social_media_manager.collaborations.public_relations': asked('public_relations'),
  'creator.responsibilities.multi_format_production': draft('assets'),
  'creator.responsibilities.brand_consistency': checked('brand_consistent'),
  'creator.responsibilities.search_optimisation': brief('keywords') && checked('seo_optimised'),
  'creator.responsibilities.contributor_work': draft('contributors'),
  'creator.skills.writing': skill,
  'creator.skills.creativity_and_ideation': skill,
  'creator.skills.visual_design': skill,
  'creator.skills.video_and_audio_production': skill,
  'creator.skills.research_and_interviews': skill,
  'creator.dailyActivities.writing': command('save_draft', 'creation'),
  'creator.dailyActivities.video_and_audio_editing': route('/v1/assets'),
  'creator.dailyActivities.image_and_design_work': route('/v1/assets'),
  'creator.collaborations.strategists': brief('pillar') && brief('journeyStep'),
  'creator.collaborations.other_creators': command('reassign', 'creation'),
  'creator.collaborations.experts': asked('subject_expert'),
  'across.specialised_tasks': route('/v1/items/{id}/actions'),
  'across.overlapping_roles': 'roles' in Member.shape,
  'across.constant_alignment': checked('strategy_aligned') && checked('matches_brief'),
  'across.content_mapping': brief('pillar') && brief('journeyStep'),
  'across.intent': brief('intent'),
  'across.layered_analysis': route('/v1/items/{id}/kpi-review'),
};

function placedLines(): string[] {
  const { roles, across } = rolesComparison('en');
  const lines = [
    ...roles.flatMap((profile) =>
      COMPARISON_SECTIONS.flatMap((section) =>
        profile[section].map(({ code, place }) => ({
          line: `${profile.role}.${section}.${code}`,
          place,
        })),
      ),
    ),
    ...across.map(({ code, place }) => ({ line: `across.${code}`, place })),
  ];
  return lines.filter(({ place }) => place !== null).map(({ line }) => line);
}

describe('the places that the comparison of the roles names', () => {
  it.each(COMPARISON_PLACES)('%s is there', (place) => {
    const stages: readonly string[] = STAGES;
    expect(
      stages.includes(place) || Object.entries(PLACES).some(([name, is]) => name === place && is),
    ).toBe(true);
  });

  it.each(placedLines())('%s finds something there', (line) => {
    expect(EVIDENCE[line]).toBe(true);
  });

  it('has evidence for no line without a place', () => {
    const placed = placedLines();
    expect(Object.keys(EVIDENCE).filter((line) => !placed.includes(line))).toEqual([]);
  });
});
