import { WorkflowNotFoundError } from '@temporalio/client';
import type { DeliveryDeps } from '../commands/deliver-command.ts';
import { listUntold, type UntoldItem } from '../db/campaign/campaign-items.ts';
import {
  CAMPAIGN_WORD_SIGNAL,
  type CampaignKey,
  type CampaignWord,
} from '../domain/campaign/campaign-run.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { ASK_MS, callWithin, whyNot } from '../engine/ask.ts';
import { inTurns } from './in-turns.ts';

/** Of one look. A campaign has fewer open items. */
const AT_MOST = 2_000;

type TellDeps = Pick<DeliveryDeps, 'db' | 'temporal' | 'log'>;

export interface Telling {
  /** Rows that do not show it: of those told just now they do so a moment later. */
  untold: number;
  /** Everybody has been told. */
  isSaid: boolean;
}

/**
 * Says a word to every item whose row does not show it yet. Said twice it changes nothing, so a look
 * that was cut off begins anew.
 * @param until epoch milliseconds: what is not said by then is left to another look. Null: it was said
 * a moment ago, and the items may be at it.
 */
export async function tellItems(
  deps: TellDeps,
  key: CampaignKey,
  word: CampaignWord,
  until: number | null,
): Promise<Telling> {
  const untold = await listUntold(deps.db, { ...key, word: word.type, limit: AT_MOST });
  if (until === null) return { untold: untold.length, isSaid: true };
  const outcomes = { told: 0, lost: 0, unreached: 0 };
  await inTurns(untold, async (item) => {
    outcomes[Date.now() < until ? await tell(deps, item, word) : 'unreached'] += 1;
  });
  return { untold: untold.length - outcomes.lost, isSaid: outcomes.unreached === 0 };
}

/**
 * One that does not hear keeps no other from hearing. A run that is over has nothing to hear; one that is
 * lost is the audit's to find, and its campaign is called when it is there again.
 */
async function tell(
  { temporal, log }: TellDeps,
  { itemId, hasBegun }: UntoldItem,
  word: CampaignWord,
): Promise<'told' | 'lost' | 'unreached'> {
  try {
    await callWithin(temporal, ASK_MS, () =>
      temporal.workflow.getHandle(itemWorkflowId(itemId)).signal(CAMPAIGN_WORD_SIGNAL, word),
    );
    return 'told';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return hasBegun ? 'lost' : 'unreached';
    log.warn({ itemId, reason: whyNot(error) }, `the item could not be told: ${word.type}`);
    return 'unreached';
  }
}
