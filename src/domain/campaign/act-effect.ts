import { type ItemContext, isSending } from '../item/context.ts';
import { cancelCampaign, isCancelDue } from '../item/moves/stage.ts';
import type { Place } from '../item/stages.ts';
import type { CampaignActKind } from './campaign.ts';

/** What an act does to an open item. `later`: once the outcome of what is on its way is known. */
export const ACT_EFFECTS = [
  'released',
  'held',
  'held_later',
  'resumed',
  'cancelled',
  'cancelled_later',
  'unchanged',
] as const;

export interface ActEffect {
  would: (typeof ACT_EFFECTS)[number];
  /** Why not at once, or not at all. */
  because?: string;
}

/**
 * What an act would do to an open item of its campaign as it is now.
 * @param isHeldByCampaign it is on hold since the campaign was paused.
 */
export function effectOf(
  kind: CampaignActKind,
  {
    place,
    context,
    isHeldByCampaign,
  }: { place: Place; context: ItemContext; isHeldByCampaign: boolean },
): ActEffect {
  switch (kind) {
    case 'release':
      return context.campaign?.released === true
        ? { would: 'unchanged', because: 'it knows of the open gate' }
        : { would: 'released' };
    case 'pause':
      if (place === 'on_hold') return { would: 'unchanged', because: 'it is on hold already' };
      return context.publications.some(isSending)
        ? { would: 'held_later', because: 'a post is on its way' }
        : { would: 'held' };
    case 'resume':
      if (isHeldByCampaign) return { would: 'resumed' };
      return place === 'on_hold'
        ? { would: 'unchanged', because: 'it was held apart from the campaign' }
        : { would: 'unchanged', because: 'it is not on hold' };
    case 'cancel':
      return isCancelDue({ ...context, ...cancelCampaign(context, 'preview').change })
        ? { would: 'cancelled' }
        : { would: 'cancelled_later', because: 'a post is on its way, or may be out unseen' };
  }
}
