import type { CommandType } from '../../src/domain/item/commands.ts';
import { PLACES, type Place } from '../../src/domain/item/stages.ts';
import type { Role } from '../../src/domain/people/roles.ts';

/**
 * Who may give each command where, written down from the tables of docs/machine.md's source, the
 * design, and not from COMMAND_RULES: the two are held against each other here.
 */
export interface Allowed {
  by: readonly Role[];
  /** `receiver`: only the assignee; `not_author`: nobody who wrote or submitted a version. */
  who?: 'receiver' | 'not_author';
  /** What a complete command still lacks in the place as the test prepares it. */
  lacks?: readonly string[];
  /** Only while a network's refusal of a post is open. */
  only?: 'refused';
}

type Row = Partial<Record<Place, Allowed>>;

const STRATEGIST = { by: ['strategist'] } as const;
const CREATOR = { by: ['creator'] } as const;
const MANAGER = { by: ['social_media_manager'] } as const;
const MANAGER_OF_REFUSED = { ...MANAGER, only: 'refused' } as const;
const STRATEGIST_OR_ADMIN = { by: ['strategist', 'admin'] } as const;

function everywhere(places: readonly Place[], allowed: Allowed): Row {
  return Object.fromEntries(places.map((place) => [place, allowed]));
}

const OPEN = PLACES.slice(0, 11);

export const COMMAND_TABLE: Record<CommandType, Row> = {
  save_brief: everywhere(
    [
      'briefing.drafting',
      'briefing.offered',
      'creation.drafting',
      'review.deciding',
      'scheduling.offered',
      'scheduling.planning',
      'scheduled',
    ],
    STRATEGIST,
  ),
  offer_handoff: { 'briefing.drafting': STRATEGIST },
  withdraw_handoff: { 'briefing.offered': STRATEGIST },
  accept_handoff: {
    'briefing.offered': { ...CREATOR, who: 'receiver' },
    'scheduling.offered': { ...MANAGER, who: 'receiver' },
  },
  decline_handoff: {
    'briefing.offered': { ...CREATOR, who: 'receiver' },
    'scheduling.offered': { ...MANAGER, who: 'receiver' },
  },
  save_draft: everywhere(
    [
      'creation.drafting',
      'review.deciding',
      'scheduling.offered',
      'scheduling.planning',
      'scheduled',
      'publishing',
    ],
    CREATOR,
  ),
  submit_for_review: { 'creation.drafting': CREATOR },
  acknowledge_revision: {
    'creation.drafting': { ...STRATEGIST, lacks: ['revision_past_limit'] },
  },
  decide_approval: { 'review.deciding': { by: ['editor'], who: 'not_author' } },
  plan_schedule: {
    ...everywhere(['measuring', 'kpi_review', 'on_hold'], MANAGER_OF_REFUSED),
    ...everywhere(
      [
        'creation.drafting',
        'review.deciding',
        'scheduling.offered',
        'scheduling.planning',
        'scheduled',
        'publishing',
      ],
      MANAGER,
    ),
  },
  unschedule: everywhere(['scheduled', 'publishing'], MANAGER),
  skip_publication: {
    ...everywhere(
      [
        'creation.drafting',
        'review.deciding',
        'scheduling.offered',
        'measuring',
        'kpi_review',
        'on_hold',
      ],
      MANAGER_OF_REFUSED,
    ),
    'scheduling.planning': {
      ...MANAGER,
      lacks: ['publication_planned', 'another_publication'],
    },
    scheduled: MANAGER,
    publishing: MANAGER,
  },
  resolve_publication: {
    ...everywhere(OPEN, { ...MANAGER, lacks: ['is_unknown_or_missed'] }),
    publishing: MANAGER,
  },
  open_kpi_review: { measuring: STRATEGIST },
  sign_off: {
    kpi_review: { by: ['strategist', 'creator', 'social_media_manager'] },
  },
  hold: {
    'briefing.drafting': STRATEGIST_OR_ADMIN,
    'briefing.offered': STRATEGIST_OR_ADMIN,
    'creation.drafting': { by: ['creator', 'admin'] },
    'review.deciding': { by: ['editor', 'admin'] },
    'scheduling.offered': { by: ['social_media_manager', 'admin'] },
    'scheduling.planning': { by: ['social_media_manager', 'admin'] },
    scheduled: { by: ['social_media_manager', 'admin'] },
    publishing: { by: ['social_media_manager', 'admin'] },
    measuring: STRATEGIST_OR_ADMIN,
    kpi_review: { by: ['strategist', 'creator', 'social_media_manager', 'admin'] },
  },
  resume: { on_hold: { by: ['social_media_manager', 'admin'] } },
  cancel: everywhere(OPEN, STRATEGIST_OR_ADMIN),
  reassign: {
    'briefing.drafting': STRATEGIST_OR_ADMIN,
    'briefing.offered': STRATEGIST_OR_ADMIN,
    'creation.drafting': { by: ['strategist', 'creator', 'admin'] },
    'review.deciding': { by: ['strategist', 'editor', 'admin'] },
    'scheduling.offered': { by: ['strategist', 'social_media_manager', 'admin'] },
    'scheduling.planning': { by: ['strategist', 'social_media_manager', 'admin'] },
    scheduled: { by: ['strategist', 'social_media_manager', 'admin'] },
    publishing: { by: ['strategist', 'social_media_manager', 'admin'] },
    measuring: STRATEGIST_OR_ADMIN,
    kpi_review: { by: ['strategist', 'creator', 'social_media_manager', 'admin'] },
    on_hold: { by: ['strategist', 'social_media_manager', 'admin'] },
  },
  set_campaign: everywhere(OPEN, STRATEGIST_OR_ADMIN),
  extend: {
    ...everywhere(OPEN, STRATEGIST_OR_ADMIN),
    scheduled: { ...STRATEGIST_OR_ADMIN, lacks: ['clock_running'] },
    measuring: { ...STRATEGIST_OR_ADMIN, lacks: ['clock_running'] },
  },
};
