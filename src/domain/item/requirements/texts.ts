import type { RequirementCode } from '../commands.ts';

/** What each requirement asks for, in one sentence. */
export const REQUIREMENT_TEXTS: Record<RequirementCode, string> = {
  item_closed: 'The item is open.',
  basis_changed: 'The item is still where the command says it was based (`basisSeq`, `If-Match`).',
  command_expired: 'The command has not expired (`expiresAt`).',
  in_stage: 'The command is for the stage the item is in.',
  holds_role: 'Who asks holds a role that may give the command here.',
  brief_complete: 'Every required field of the brief is filled.',
  checklist_complete:
    'Every entry of the exit checklist is met; an unmet one is named `checklist.<code>`.',
  targets_set: 'The brief has at least one KPI target.',
  targets_unfrozen: 'KPI targets change only before the first publication.',
  receiver_exists:
    'The assignee of the receiving role, or somebody while none is assigned, is an active holder of it.',
  is_receiver:
    'Who decides holds the receiving role and is the assignee, anyone while nobody is assigned, or the assignee’s backup after a breach.',
  current_handoff: 'The handoff named is the one that is open.',
  approvals_hold: 'The approvals are granted and bind the content as it is now.',
  platform_tag: 'The publisher knows every channel of the draft.',
  reason_given: 'A reason is given where one is due; a dissent has a comment.',
  nothing_sending: 'No publication is due or being sent.',
  variant_frozen: 'Variants that are published, or may be, stay as they are.',
  assets_complete: 'The draft has every kind of content that the brief asks for.',
  variants_in_limits:
    'Every channel of the brief has a variant, within the channel’s limits; for a slot, within those of today.',
  approvers_exist: 'For every asked role there is somebody eligible who did not write the content.',
  revision_acknowledged: 'Past the revision limit, the strategist has acknowledged the round.',
  revision_past_limit: 'A round past the limit waits for an acknowledgement.',
  role_asked: 'The gate asks this role.',
  current_hash: 'The decision names the content hash as it is now.',
  four_eyes: 'Nobody approves who wrote any version of the draft, or submitted it.',
  not_decided_before: 'This person (or role, at a review) has not decided in this set yet.',
  campaign_released: 'The gate of the item’s campaign is open, and the campaign is not cancelled.',
  account_free:
    'The channel account is named once and has no published, unknown or missed post of this item.',
  nothing_unknown: 'No publication has an unknown outcome.',
  slot_valid:
    'The plan names a slot or keeps one; a slot has an active account, a variant and a time.',
  slot_in_future: 'The slot lies ahead; a tentative one far enough to be approved in time.',
  not_blacked_out: 'The slot lies outside blackout windows.',
  embargo_over: 'The slot lies after the embargo of the brief.',
  token_valid_past_slot: 'The account’s token outlives the slot.',
  another_publication: 'Once the plan stands: another publication is planned or published.',
  publication_planned: 'The publication named is planned or tentative.',
  is_unknown_or_missed: 'The publication’s outcome is unknown, or it was missed.',
  outcome_fits: 'The outcome fits the publication’s state and the item’s stage.',
  evidence_given: 'What shows the outcome is stated.',
  one_checkpoint_recorded: 'At least one checkpoint is recorded.',
  verdicts_seen: 'The readings are frozen, and the sign-off is for this review’s hash.',
  strategist_decides_first: 'The strategist decides; the two others then agree or dissent.',
  extension_valid:
    'A new age lies ahead and is at most 365 days; a new deadline is later than the present one.',
  receiver_holds_role: 'The receiver holds the role.',
  receiver_active: 'The receiver is an active member of the workspace.',
  clock_running: 'A clock runs in this stage.',
};
