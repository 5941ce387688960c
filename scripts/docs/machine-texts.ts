import type { SystemEvent } from '../../src/domain/item/commands.ts';
import type { PublicationState } from '../../src/domain/item/publication-states.ts';

/** What each guard of the machine's own rules asks, in words. */
export const GUARD_TEXTS = {
  gateClosed: 'every asked role has reached its quorum',
  anyActive: 'a publication is due, sending, unknown or missed',
  anyPlanned: 'a publication is planned',
  anyPublished: 'a publication is published',
  checkpointsSettled: 'every required checkpoint is recorded or missing',
  reviewSigned: 'the three roles have signed off',
  extensionDecided: 'the three roles have signed off and the decision is `extend_measurement`',
  contentMismatch: 'the stored content is not the approved content',
  dueUnapproved: 'no approval binds the content of the slot',
  overdue: 'its clock is at 150 %, and its playbook says `return`',
  cancelDue: 'the campaign is cancelled, no send runs and no outcome is unknown',
} as const satisfies Record<string, string>;

/** What happens by itself, and what it does. */
export const SYSTEM_EVENT_TEXTS: Record<SystemEvent['type'], string> = {
  publication_due:
    'The time of a planned slot has come: its post is sent, once. After the grace the slot is missed instead. Only in `scheduled` and `publishing`.',
  publication_sending: 'The send of a due publication has begun.',
  publication_settled:
    'A send has its outcome: published, rejected, unknown or missed. After a failed content check the publication is planned again, and the approvals of that content are void.',
  slot_passed: 'A planned slot could not be sent and its grace is over: it is missed.',
  approval_deadline_passed:
    'A held slot was not approved, or not planned, in time. It is released, and the next free one is proposed. The stage stays.',
  checkpoint_recorded: 'The readings of a checkpoint are stored.',
  checkpoint_missed:
    'The grace of a checkpoint ended without readings. It reads `not_available`, never zero.',
  review_frozen: 'The readings and verdicts of a KPI review are frozen under one hash.',
  clock_step:
    'The clock of a stage reached 50 or 80 % (a reminder), 100 % (a breach: the backup may act) or 150 % (an escalation, and what the playbook’s `overdue` says of the stage: hold, return, cancel or nothing; never while a post is being sent). A save does not reset the clock. A hold shifts it.',
  campaign_released: 'The campaign’s gate opens: its items may be scheduled.',
  campaign_cancelled:
    'The campaign is cancelled, and its slots are released at once. An item is cancelled once no send runs and no outcome is unknown.',
};

/** How a publication record goes from one state to the next, and by what. */
export const PUBLICATION_STEPS: readonly (readonly [
  from: PublicationState,
  to: PublicationState,
  by: string,
])[] = [
  ['tentative', 'planned', '`plan_schedule` after the accepted handoff'],
  ['tentative', 'skipped', '`skip_publication`, `approval_deadline_passed`, `cancel`, closing'],
  ['planned', 'tentative', '`plan_schedule` before the accepted handoff of a new round'],
  ['planned', 'due', '`publication_due`'],
  ['planned', 'missed', '`publication_due` or `slot_passed` after the grace'],
  [
    'planned',
    'skipped',
    '`skip_publication`, `unschedule`, `cancel`, a plan when its variant is gone, `approval_deadline_passed` after an edit',
  ],
  ['due', 'sending', '`publication_sending`'],
  ['sending', 'published', '`publication_settled`'],
  ['sending', 'rejected', '`publication_settled`'],
  ['sending', 'unknown', '`publication_settled`'],
  ['rejected', 'skipped', '`skip_publication` with a reason, also of a later slot of its account'],
  ['sending', 'missed', '`publication_settled`'],
  ['sending', 'planned', '`publication_settled` with a failed content check'],
  ['unknown', 'published', '`resolve_publication` as `live`'],
  [
    'unknown',
    'not_live',
    '`resolve_publication` as `not_live` or `publish_again` (a new slot number)',
  ],
  ['missed', 'planned', '`resolve_publication` as `reschedule`'],
  ['missed', 'skipped', '`resolve_publication` as `skip`, `cancel`'],
];
