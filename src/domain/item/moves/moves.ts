import type { ItemMachineEvent } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import type { Place } from '../stages.ts';
import { acknowledgeRevision, decideApproval, submitForReview } from './approval.ts';
import { saveBrief, saveDraft } from './content.ts';
import { acceptHandoff, declineHandoff, offerHandoff, withdrawHandoff } from './handoff.ts';
import { freezeReview, settleCheckpoint, signOff } from './kpi-review.ts';
import type { Move } from './move.ts';
import {
  publicationDue,
  publicationSending,
  publicationSettled,
  releaseSlot,
  resolvePublication,
  slotPassed,
} from './publication.ts';
import { planSchedule, skipPublication, unschedule } from './schedule.ts';
import {
  cancel,
  cancelCampaign,
  clockStep,
  extend,
  hold,
  reassign,
  releaseCampaign,
  resume,
} from './stage.ts';

/** What an event changes, given where the item is. The guards have been asked before. */
export function moveFor(context: ItemContext, event: ItemMachineEvent, place: Place): Move {
  switch (event.type) {
    case 'save_brief':
      return saveBrief(context, event);
    case 'offer_handoff':
      return offerHandoff(context, event);
    case 'withdraw_handoff':
      return withdrawHandoff(context, event);
    case 'accept_handoff':
      return acceptHandoff(context, event);
    case 'decline_handoff':
      return declineHandoff(context, event);
    case 'save_draft':
      return saveDraft(context, event);
    case 'submit_for_review':
      return submitForReview(context, event);
    case 'acknowledge_revision':
      return acknowledgeRevision(context);
    case 'decide_approval':
      return decideApproval(context, event);
    case 'plan_schedule':
      return planSchedule(context, event, isAfterHandoff(place) ? 'planned' : 'tentative');
    case 'unschedule':
      return unschedule(context);
    case 'skip_publication':
      return skipPublication(context, event);
    case 'resolve_publication':
      return resolvePublication(context, event);
    case 'open_kpi_review':
      return { change: {}, records: [] };
    case 'sign_off':
      return signOff(context, event);
    case 'hold':
      return hold(context, event, place);
    case 'resume':
      return resume(context, event);
    case 'cancel':
      return cancel(context, event.refs.reason ?? null, {
        at: event.at,
        memberId: event.actor.memberId,
      });
    case 'reassign':
      return reassign(context, event);
    case 'extend':
      return extend(context, event);
    case 'publication_due':
      return publicationDue(context, event);
    case 'publication_sending':
      return publicationSending(context, event);
    case 'publication_settled':
      return publicationSettled(context, event);
    case 'slot_passed':
      return slotPassed(context, event);
    case 'approval_deadline_passed':
      return releaseSlot(context, event);
    case 'checkpoint_recorded':
    case 'checkpoint_missed':
      return settleCheckpoint(context, event);
    case 'review_frozen':
      return freezeReview(context, event);
    case 'clock_step':
      return clockStep(context, event);
    case 'campaign_released':
      return releaseCampaign(context);
    case 'campaign_cancelled':
      return cancelCampaign(context, event.reason);
  }
}

function isAfterHandoff(place: Place): boolean {
  return place === 'scheduling.planning' || place === 'scheduled' || place === 'publishing';
}
