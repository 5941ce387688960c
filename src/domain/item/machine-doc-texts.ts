import type { SystemEvent } from './commands.ts';
import type { PublicationState } from './publication-states.ts';

/** What each guard of the machine's own rules asks, in words. */
export const GUARD_TEXTS = {
  gateClosed: 'every asked role has reached its quorum',
  anyActive: 'a publication is due, sending, unknown or missed',
  anyPlanned: 'a publication is planned',
  anyPublished: 'a publication is published',
  checkpointsSettled: 'every required checkpoint is recorded or missing',
  reviewSigned: 'the three roles have signed off',
  extensionDecided: 'the three roles have signed off and the decision is `extend_measurement`',
  contentMismatch: 'the send found another content than the approved one',
  dueUnapproved: 'no approval binds the content of the slot',
  cancelDue: 'the campaign is cancelled and nothing is in flight or unknown',
} as const satisfies Record<string, string>;

/** What happens by itself, and what it does. */
export const SYSTEM_EVENT_TEXTS: Record<SystemEvent['type'], string> = {
  publication_due:
    'A planned slot’s time has come: it becomes due and is sent, once. Seen later than its grace it is missed. Only in `scheduled` and `publishing`.',
  publication_sending: 'The send of a due publication has begun.',
  publication_settled:
    'The outcome of a send: published, rejected, unknown or missed; a failed content check returns the record to planned and voids the approvals of that content.',
  slot_passed:
    'A planned slot passed by more than its grace where it could not be sent: it is missed.',
  approval_deadline_passed:
    'A tentative slot was not approved, or not planned, in time, or a planned one whose item went back to its gate was not approved again: it is released, the next free one is proposed, and the stage stays.',
  checkpoint_recorded: 'The readings of a checkpoint are stored.',
  checkpoint_missed:
    'A checkpoint’s grace ended without readings: it reads `not_available`, never zero.',
  review_frozen: 'The readings and verdicts of a KPI review are frozen under one hash.',
  clock_step:
    'A stage’s clock reached 50 or 80 % (a reminder), 100 % (a breach: the backup may act) or 150 % (escalated). Saves do not reset it; a hold shifts it.',
  campaign_released: 'The campaign’s gate opens: its items may be scheduled.',
  campaign_cancelled:
    'The campaign is cancelled: slots are released at once, the item is cancelled when nothing is in flight or unknown.',
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
    '`skip_publication`, `unschedule`, `cancel`, a plan without a variant for it, `approval_deadline_passed` after an edit',
  ],
  ['due', 'sending', '`publication_sending`'],
  ['sending', 'published', '`publication_settled`'],
  ['sending', 'rejected', '`publication_settled`'],
  ['sending', 'unknown', '`publication_settled`'],
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
