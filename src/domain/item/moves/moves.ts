import type { Command, CommandType, SystemEvent } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import { COMMAND_RULES } from '../rules.ts';
import type { Place } from '../stages.ts';
import { freezeReview, settleCheckpoint } from './kpi-review.ts';
import type { Move } from './move.ts';
import {
  publicationDue,
  publicationSending,
  publicationSettled,
  releaseSlot,
  slotPassed,
} from './publication.ts';
import { cancelCampaign, clockStep, releaseCampaign } from './stage.ts';

/** What a command changes, given where the item is. Its requirements have been asked before. */
export function moveOfCommand<T extends CommandType>(
  context: ItemContext,
  command: Command<T>,
  place: Place,
): Move {
  return COMMAND_RULES[command.type].move(context, command, place);
}

/** What an event that happens by itself changes, given where the item is. */
export function moveOfSystem(context: ItemContext, event: SystemEvent, place: Place): Move {
  switch (event.type) {
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
      return clockStep(context, event, place);
    case 'campaign_released':
      return releaseCampaign(context);
    case 'campaign_cancelled':
      return cancelCampaign(context, event.reason);
  }
}
