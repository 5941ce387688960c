import { createCommandSender } from '../commands/command-sender.ts';
import type { DeliveryDeps } from '../commands/deliver-command.ts';
import {
  type ActAsk,
  hasPendingAsk,
  listActItems,
  listLeftItems,
} from '../db/campaign/act-items.ts';
import { type CampaignActRow, latestAct } from '../db/campaign/acts.ts';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { readCommandContext } from '../db/item/command-context.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import { isOver } from '../domain/campaign/campaign.ts';
import { actCommandId } from '../domain/campaign/campaign-run.ts';
import { hashOf } from '../domain/canonical.ts';
import type { Actor } from '../domain/item/context.ts';
import { inTurns } from './in-turns.ts';

/** Of one look; the next one goes on. */
const BATCH = 200;
/** Of a pause or its end: the item is held or resumed by the right of its campaign, asked when the act was. */
const CAMPAIGN_RIGHTS: Pick<Actor, 'roles' | 'platformTags' | 'backupFor'> = {
  roles: ['admin'],
  platformTags: {},
  backupFor: [],
};
const LEFT = 'it left the campaign that was paused';

interface Ask extends ActAsk {
  workspaceId: string;
  type: 'hold' | 'resume';
  reason: string | null;
}

/** What of a pause or its end was carried out. */
export interface AskOutcome {
  /** The pause, or its end, that counts now; null for none. */
  act: CampaignActRow | null;
  /** Items were asked just now, or have still to answer. */
  isLeft: boolean;
}

/**
 * Has each item held, or resumed, as the campaign stands: what was asked before counts no more. Ids are the
 * same at every attempt, so an item answers once, whatever dies meanwhile.
 * @param until epoch milliseconds: who is not asked by then is left to the next look.
 */
export async function askItems(
  deps: DeliveryDeps,
  campaign: CampaignRow,
  until: number,
): Promise<AskOutcome> {
  const { db } = deps;
  const { workspaceId, id: campaignId } = campaign;
  const key = { workspaceId, campaignId };
  if ((await latestAct(db, { ...key, kind: 'pause' })) === null)
    return { act: null, isLeft: false };
  const act = await actThatCounts(db, campaign);
  const asks: Ask[] = (await listLeftItems(db, { ...key, limit: BATCH })).map((ask) => ({
    ...ask,
    workspaceId,
    type: 'resume',
    reason: LEFT,
  }));
  if (act !== null) {
    const type = act.kind === 'pause' ? 'hold' : 'resume';
    const { reason } = act;
    const ofAct = await listActItems(db, act, { limit: BATCH });
    asks.push(...ofAct.map((ask) => ({ ...ask, workspaceId, type, reason }) as const));
  }
  const sender = createCommandSender(deps);
  await inTurns(asks, async (ask) => {
    if (ask.isWaiting || Date.now() > until) return;
    // One that cannot be asked keeps no other from being asked.
    await give(db, sender, ask).catch((error) => {
      const reason = describeDatabaseError(error);
      deps.log.warn({ itemId: ask.itemId, reason }, `the item could not be asked: ${ask.type}`);
    });
  });
  const isLeft = asks.length > 0 || (await hasPendingAsk(db, key));
  return { act, isLeft };
}

/** A campaign that is over holds nobody; what it held while it was paused can be resumed with it. */
function actThatCounts(db: Db, campaign: CampaignRow): Promise<CampaignActRow | null> | null {
  const { workspaceId, id: campaignId, cancelledAt, pausedAt } = campaign;
  if (cancelledAt !== null) return null;
  if (pausedAt === null) return latestAct(db, { workspaceId, campaignId, kind: 'resume' });
  return isOver(campaign) ? null : latestAct(db, { workspaceId, campaignId, kind: 'pause' });
}

async function give(
  db: Db,
  sender: ReturnType<typeof createCommandSender>,
  { workspaceId, itemId, act, number, type, reason }: Ask,
): Promise<void> {
  const commandId = actCommandId(act.id, itemId, number);
  const key = { workspaceId, itemId, memberId: act.actor, commandId };
  const known = await readCommandContext(db, key);
  if (known === null) throw new Error(`${act.actor} is not a member of ${workspaceId}`);
  await sender.send({
    caller: { workspaceId, memberId: act.actor, roles: [...CAMPAIGN_RIGHTS.roles] },
    itemId,
    type,
    body: { reason: reason ?? undefined },
    commandId,
    source: 'campaign',
    bodyHash: hashOf({ actId: act.id }),
    known: { ...known, actor: { memberId: act.actor, ...CAMPAIGN_RIGHTS } },
  });
}
