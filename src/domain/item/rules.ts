import type { CommandAccess, CommandType } from './commands.ts';
import type { RequirementCode } from './requirements/catalogue.ts';
import { OPEN_PLACES } from './stages.ts';

export interface CommandRule extends CommandAccess {
  requires: readonly RequirementCode[];
}

const BEFORE_SENDING = [
  'creation.drafting',
  'review.deciding',
  'scheduling.offered',
  'scheduling.planning',
  'scheduled',
] as const;

/**
 * Where each command of a person may be given, by whom, and which named requirements guard it.
 * The machine, the API's `actions`, the console and the documentation all read this one table.
 */
export const COMMAND_RULES = {
  save_brief: {
    in: ['briefing.drafting', 'briefing.offered', ...BEFORE_SENDING],
    by: ['strategist'],
    requires: ['brief_complete', 'nothing_sending', 'targets_unfrozen'],
  },
  offer_handoff: {
    in: ['briefing.drafting'],
    by: ['strategist'],
    requires: ['brief_complete', 'checklist_complete', 'targets_set', 'receiver_exists'],
  },
  withdraw_handoff: { in: ['briefing.offered'], by: ['strategist'], requires: [] },
  accept_handoff: {
    in: ['briefing.offered', 'scheduling.offered'],
    by: 'receiver',
    requires: ['is_receiver', 'current_handoff', 'approvals_hold', 'platform_tag'],
  },
  decline_handoff: {
    in: ['briefing.offered', 'scheduling.offered'],
    by: 'receiver',
    requires: ['is_receiver', 'current_handoff', 'reason_given'],
  },
  save_draft: {
    in: [...BEFORE_SENDING, 'publishing'],
    by: ['creator'],
    requires: ['nothing_sending', 'variant_frozen'],
  },
  submit_for_review: {
    in: ['creation.drafting'],
    by: ['creator'],
    requires: [
      'assets_complete',
      'variants_in_limits',
      'checklist_complete',
      'approvers_exist',
      'revision_acknowledged',
    ],
  },
  acknowledge_revision: {
    in: ['creation.drafting'],
    by: ['strategist'],
    requires: ['revision_past_limit'],
  },
  decide_approval: {
    in: ['review.deciding'],
    by: 'asked_roles',
    requires: ['role_asked', 'current_hash', 'four_eyes', 'not_decided_before', 'reason_given'],
  },
  plan_schedule: {
    in: [...BEFORE_SENDING, 'publishing'],
    by: ['social_media_manager'],
    requires: [
      'campaign_released',
      'approvals_hold',
      'nothing_sending',
      'account_free',
      'nothing_unknown',
      'variants_in_limits',
      'slot_valid',
      'slot_in_future',
      'not_blacked_out',
      'embargo_over',
      'token_valid_past_slot',
    ],
  },
  unschedule: {
    in: ['scheduled', 'publishing'],
    by: ['social_media_manager'],
    requires: ['nothing_sending'],
  },
  skip_publication: {
    in: ['scheduling.planning', 'scheduled', 'publishing'],
    by: ['social_media_manager'],
    requires: ['nothing_sending', 'publication_planned', 'another_publication'],
  },
  resolve_publication: {
    in: OPEN_PLACES,
    by: ['social_media_manager'],
    requires: [
      'is_unknown_or_missed',
      'outcome_fits',
      'evidence_given',
      'campaign_released',
      'approvals_hold',
      'nothing_sending',
      'nothing_unknown',
      'variants_in_limits',
      'slot_valid',
      'slot_in_future',
      'not_blacked_out',
      'embargo_over',
      'token_valid_past_slot',
    ],
  },
  open_kpi_review: {
    in: ['measuring'],
    by: ['strategist'],
    requires: ['one_checkpoint_recorded'],
  },
  sign_off: {
    in: ['kpi_review'],
    by: ['strategist', 'creator', 'social_media_manager'],
    requires: [
      'verdicts_seen',
      'not_decided_before',
      'strategist_decides_first',
      'extension_valid',
      'reason_given',
    ],
  },
  hold: {
    in: OPEN_PLACES.filter((place) => place !== 'on_hold'),
    by: 'responsible',
    requires: ['reason_given', 'nothing_sending'],
  },
  resume: { in: ['on_hold'], by: 'responsible', requires: ['reason_given', 'nothing_sending'] },
  cancel: {
    in: OPEN_PLACES,
    by: ['strategist', 'admin'],
    requires: ['reason_given', 'nothing_sending', 'nothing_unknown'],
  },
  reassign: {
    in: OPEN_PLACES,
    by: 'responsible',
    requires: ['receiver_holds_role', 'receiver_active'],
  },
  extend: {
    in: OPEN_PLACES,
    by: ['strategist', 'admin'],
    requires: ['clock_running', 'reason_given', 'extension_valid'],
  },
} as const satisfies Record<CommandType, CommandRule>;

export const COMMAND_TYPES = Object.keys(COMMAND_RULES) as CommandType[];
