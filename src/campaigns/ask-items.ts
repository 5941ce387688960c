import { createCommandSender } from '../commands/command-sender.ts';
import type { DeliveryDeps } from '../commands/deliver-command.ts';
import { listActItems } from '../db/campaign/act-items.ts';
import type { CampaignActRow } from '../db/campaign/acts.ts';
import { readCommandContext } from '../db/item/command-context.ts';
import { actCommandId } from '../domain/campaign/campaign-run.ts';
import { hashOf } from '../domain/canonical.ts';
import type { Actor } from '../domain/item/context.ts';
import { inTurns } from './in-turns.ts';

const BATCH = 50;
/** Of a pause or its end: the item is held or resumed by the right of its campaign, asked when the act was. */
const CAMPAIGN_RIGHTS: Pick<Actor, 'roles' | 'platformTags' | 'backupFor'> = {
  roles: ['admin'],
  platformTags: {},
  backupFor: [],
};

/**
 * Gives the command of a pause or resumption to the items that have not answered it. Its id is the same
 * at every attempt, so an item answers once, whatever dies meanwhile.
 * @returns how many items have still to answer.
 */
export async function askItems(
  deps: DeliveryDeps,
  act: CampaignActRow,
  until: number,
): Promise<number> {
  const items = await listActItems(deps.db, act, { limit: BATCH });
  const sender = createCommandSender(deps);
  const { workspaceId, kind } = act;
  const type = kind === 'pause' ? 'hold' : 'resume';
  await inTurns(items, async ({ itemId, isSending }) => {
    if (isSending || Date.now() > until) return;
    const commandId = actCommandId(act.id, itemId);
    const key = { workspaceId, itemId, memberId: act.actor, commandId };
    const known = await readCommandContext(deps.db, key);
    if (known === null) throw new Error(`${act.actor} is not a member of ${workspaceId}`);
    const body = { reason: act.reason ?? undefined };
    await sender.send({
      caller: { workspaceId, memberId: act.actor, roles: [...CAMPAIGN_RIGHTS.roles] },
      itemId,
      type,
      body,
      commandId,
      source: 'campaign',
      bodyHash: hashOf({ actId: act.id }),
      known: { ...known, actor: { memberId: act.actor, ...CAMPAIGN_RIGHTS } },
    });
  });
  return items.length;
}
