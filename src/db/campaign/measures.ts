import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { MeasuredItem } from '../../domain/kpi/review.ts';
import type { Db } from '../client.ts';
import { readingOf } from '../item/readings.ts';
import { items, readings } from '../schema/index.ts';

/** What a campaign's items measured. */
export type CampaignMeasures = (MeasuredItem & { itemId: string })[];

/** Items whose readings are read in one query. */
const PAGE = 50;

/** A campaign has more latest readings than are judged at once. */
export class TooManyReadings extends Error {
  override readonly name = 'TooManyReadings';
}

/**
 * The publications, checkpoints and latest readings of every item of a campaign.
 * @param most readings; with more than that nothing is read on.
 * @throws TooManyReadings
 */
export async function readCampaignMeasures(
  db: Db,
  { workspaceId, campaignId, most }: CampaignKey & { most: number },
): Promise<CampaignMeasures> {
  const { measure, publicationId, channelAccountId, checkpoint, asOf, id } = readings;
  const all: CampaignMeasures = [];
  let count = 0;
  for (let after = ''; ; ) {
    const page = await db
      .select({ id: items.id, snapshot: items.snapshot })
      .from(items)
      .where(
        and(
          eq(items.workspaceId, workspaceId),
          eq(items.campaignId, campaignId),
          sql`${items.id} > ${after}`,
        ),
      )
      .orderBy(asc(items.id))
      .limit(PAGE);
    const last = page.at(-1);
    if (last === undefined) return all;
    after = last.id;
    const measured = sql`(${readings.createdBy} is null)`;
    const rows = await db
      .selectDistinctOn([
        readings.itemId,
        measure,
        publicationId,
        channelAccountId,
        checkpoint,
        measured,
      ])
      .from(readings)
      .where(
        and(
          eq(readings.workspaceId, workspaceId),
          inArray(
            readings.itemId,
            page.map((row) => row.id),
          ),
        ),
      )
      .orderBy(
        asc(readings.itemId),
        asc(measure),
        asc(publicationId),
        asc(channelAccountId),
        asc(checkpoint),
        measured,
        desc(asOf),
        desc(id),
      )
      .limit(most - count + 1);
    count += rows.length;
    if (count > most) throw new TooManyReadings(`${campaignId} has more than ${most} readings`);
    const byItem = Map.groupBy(rows, ({ itemId }) => itemId);
    for (const { id: itemId, snapshot } of page) {
      const { publications, checkpoints } = snapshot.context;
      const own = (byItem.get(itemId) ?? []).map(readingOf);
      all.push({ itemId, publications, checkpoints, readings: own });
    }
  }
}
