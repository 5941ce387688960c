import type { Db } from '../../db/client.ts';
import type { CampaignRow } from '../../db/workspace/campaigns.ts';
import { requireRoom } from '../../db/workspace/quotas.ts';
import type { PlannedItemBody } from '../../domain/item/command-bodies.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { BodyIssue, Caller } from '../command-outcome.ts';
import {
  briefUnmet,
  insertStart,
  insertStarted,
  type PreparedStart,
  prepareStart,
  readStartGround,
  stillJoins,
} from './prepare-start.ts';

export interface StartsRequest {
  caller: Caller;
  campaignId: string;
  items: readonly PlannedItemBody[];
  /** Of the request: those of its starts are made from it. */
  commandId: string;
  bodyHash: string;
}

export type PreparedStarts =
  | { outcome: 'not_found' }
  | { outcome: 'refused'; unmet: Unmet[] }
  | { outcome: 'invalid'; issues: BodyIssue[] }
  | { outcome: 'ready'; campaign: CampaignRow; starts: PreparedStart[] };

/** Judges all starts of a planning session before anything is stored. */
export async function prepareStarts(
  db: Db,
  { caller, campaignId, items, commandId, bodyHash }: StartsRequest,
): Promise<PreparedStarts> {
  const ground = await readStartGround(db, { ...caller, campaignId });
  const { campaign } = ground;
  if (campaign === null) return { outcome: 'not_found' };
  const starts: PreparedStart[] = [];
  const issues: BodyIssue[] = [];
  const unmet = new Map<string, Unmet>();
  for (const [index, item] of items.entries()) {
    const body = { ...item, campaignId };
    const request = {
      caller,
      body,
      commandId: `${commandId}:${index}`,
      bodyHash,
      source: 'http' as const,
    };
    for (const one of briefUnmet(request)) unmet.set(one.message, one);
    const prepared = await prepareStart(db, ground, request);
    if ('issues' in prepared) {
      const paths = prepared.issues.map((issue) => {
        // The campaign is in the path of the request, and the same for all.
        const isOfAll = issue.path[0] === 'campaignId';
        return { ...issue, path: isOfAll ? issue.path : ['items', index, ...issue.path] };
      });
      issues.push(...paths);
      if (paths.some(({ path }) => path[0] === 'campaignId')) break;
    } else {
      starts.push(prepared);
      for (const one of prepared.unmet) unmet.set(one.message, one);
    }
  }
  if (unmet.size > 0) return { outcome: 'refused', unmet: [...unmet.values()] };
  return issues.length > 0
    ? { outcome: 'invalid', issues }
    : { outcome: 'ready', campaign, starts };
}

/**
 * Stores all starts of a planning session, or none: part of the transaction that answers it. The drainer
 * begins their runs, each under an id of its own: whatever dies from now on, none is lost and none
 * begins twice.
 * @returns what stands in the way; null when all are stored.
 */
export async function storeStarts(
  tx: Db,
  { campaign, starts }: Pick<Extract<PreparedStarts, { outcome: 'ready' }>, 'campaign' | 'starts'>,
  { maxOpenItems: limit }: { maxOpenItems: number },
): Promise<{ issues: BodyIssue[] } | { conflict: string } | null> {
  const { workspaceId } = campaign;
  const barrier = await stillJoins(tx, campaign, workspaceId);
  if (barrier !== null) return barrier;
  await requireRoom(tx, { workspaceId, quota: 'openItems', limit, adds: starts.length });
  for (const start of starts) {
    const inserted = await insertStart(tx, start);
    if (inserted.conflict || !inserted.inserted) return { conflict: start.request.commandId };
    await insertStarted(tx, start);
  }
  return null;
}
