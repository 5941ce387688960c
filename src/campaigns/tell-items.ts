import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { listUntold } from '../db/campaign/campaign-items.ts';
import type { Db } from '../db/client.ts';
import {
  CAMPAIGN_WORD_SIGNAL,
  type CampaignKey,
  type CampaignWord,
} from '../domain/campaign/campaign-run.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { ASK_MS, callWithin } from '../engine/ask.ts';
import { inTurns } from './in-turns.ts';

const PAGE = 100;

/**
 * Says a word to every item whose row does not show it yet. Said twice it changes nothing, so a look
 * that was cut off begins anew.
 * @param until epoch milliseconds: what is not said by then is left to the next look.
 * @returns how many were told just now; their rows show it a moment later.
 */
export async function tellItems(
  { db, temporal }: { db: Db; temporal: Client },
  key: CampaignKey,
  word: CampaignWord,
  until: number,
): Promise<number> {
  let told = 0;
  for (let after = ''; Date.now() < until; ) {
    const ids = await listUntold(db, { ...key, word: word.type, after, limit: PAGE });
    await inTurns(ids, (itemId) => tell(temporal, itemId, word));
    told += ids.length;
    const last = ids.at(-1);
    if (last === undefined || ids.length < PAGE) return told;
    after = last;
  }
  return told;
}

/** A run that is over has nothing to hear; one that is lost is the audit's to find. */
async function tell(temporal: Client, itemId: string, word: CampaignWord): Promise<void> {
  try {
    await callWithin(temporal, ASK_MS, () =>
      temporal.workflow.getHandle(itemWorkflowId(itemId)).signal(CAMPAIGN_WORD_SIGNAL, word),
    );
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
