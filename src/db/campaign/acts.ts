import { and, asc, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { campaignActs, campaigns } from '../schema/index.ts';
import type { CampaignRow } from '../workspace/campaigns.ts';

export type CampaignActRow = typeof campaignActs.$inferSelect;

/** The campaign, and nobody else changes it until the transaction ends. */
export async function lockCampaign(
  tx: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<CampaignRow | null> {
  const [row] = await tx
    .select()
    .from(campaigns)
    .where(and(eq(campaigns.id, campaignId), eq(campaigns.workspaceId, workspaceId)))
    .for('no key update');
  return row ?? null;
}

/**
 * The campaign that an item joins: until the transaction ends its gate stays as it is, so that whoever
 * opens it afterwards sees the item.
 */
export async function holdCampaign(
  tx: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<CampaignRow | null> {
  const [row] = await tx
    .select()
    .from(campaigns)
    .where(and(eq(campaigns.id, campaignId), eq(campaigns.workspaceId, workspaceId)))
    .for('share');
  return row ?? null;
}

/** What is undefined stays. */
export type CampaignChange = {
  [K in Exclude<keyof CampaignRow, 'id' | 'workspaceId' | 'createdBy'>]?:
    | CampaignRow[K]
    | undefined;
};

/** Part of a transaction that has locked it. */
export async function changeCampaign(
  tx: Db,
  { workspaceId, campaignId, change }: CampaignKey & { change: CampaignChange },
): Promise<CampaignRow> {
  const [row] = await tx
    .update(campaigns)
    .set(change)
    .where(and(eq(campaigns.id, campaignId), eq(campaigns.workspaceId, workspaceId)))
    .returning();
  if (row === undefined) throw new Error(`${campaignId} was locked and is not there`);
  return row;
}

export async function insertAct(
  tx: Db,
  act: Pick<CampaignActRow, 'workspaceId' | 'campaignId' | 'kind' | 'reason' | 'actor'> &
    Partial<Pick<CampaignActRow, 'endsAct' | 'settledAt'>>,
): Promise<CampaignActRow> {
  const [row] = await tx
    .insert(campaignActs)
    // Its transaction may have begun before the one of an act that was given earlier.
    .values({ id: newId('campaignAct'), createdAt: sql`clock_timestamp()`, ...act })
    .returning();
  if (row === undefined) throw new Error('insert of an act returned no row');
  return row;
}

/** The latest act of a campaign, of a kind when one is named. */
export async function latestAct(
  db: Db,
  { workspaceId, campaignId, kind }: CampaignKey & { kind?: CampaignActRow['kind'] },
): Promise<CampaignActRow | null> {
  const [row] = await db
    .select()
    .from(campaignActs)
    .where(
      and(
        eq(campaignActs.campaignId, campaignId),
        eq(campaignActs.workspaceId, workspaceId),
        ...(kind === undefined ? [] : [eq(campaignActs.kind, kind)]),
      ),
    )
    .orderBy(desc(campaignActs.createdAt), desc(campaignActs.id))
    .limit(1);
  return row ?? null;
}

/** The latest acts of a campaign, newest first. */
export async function listCampaignActs(
  db: Db,
  { workspaceId, campaignId, limit }: CampaignKey & { limit: number },
): Promise<CampaignActRow[]> {
  return db
    .select()
    .from(campaignActs)
    .where(and(eq(campaignActs.campaignId, campaignId), eq(campaignActs.workspaceId, workspaceId)))
    .orderBy(desc(campaignActs.createdAt), desc(campaignActs.id))
    .limit(limit);
}

/** Ids of the acts that are not carried out yet. */
export async function listOpenActs(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<Pick<CampaignActRow, 'id' | 'kind'>[]> {
  return db
    .select({ id: campaignActs.id, kind: campaignActs.kind })
    .from(campaignActs)
    .where(
      and(
        eq(campaignActs.campaignId, campaignId),
        eq(campaignActs.workspaceId, workspaceId),
        isNull(campaignActs.settledAt),
      ),
    )
    .orderBy(asc(campaignActs.createdAt), asc(campaignActs.id));
}

export async function settleActs(
  db: Db,
  { workspaceId, ids }: { workspaceId: string; ids: readonly string[] },
): Promise<void> {
  if (ids.length === 0) return;
  await db
    .update(campaignActs)
    .set({ settledAt: sql`clock_timestamp()` })
    .where(
      and(
        inArray(campaignActs.id, [...ids]),
        eq(campaignActs.workspaceId, workspaceId),
        isNull(campaignActs.settledAt),
      ),
    );
}
