import { appendReadings, listReadings } from '../db/item/readings.ts';
import { readBanMs } from '../db/publishing/channel-budgets.ts';
import { readPublishedPage } from '../db/publishing/published-pages.ts';
import { getChannelAccount } from '../db/workspace/channel-accounts.ts';
import { ChannelId } from '../domain/channel/channels.ts';
import {
  intentKeyOf,
  markerOf,
  type PublicationOrder,
} from '../domain/channel/publication-intent.ts';
import type { CollectedReading } from '../metrics/readings-source.ts';
import type { ActivityDeps } from './deps.ts';
import { sourcesOf } from './measuring-sources.ts';

/** One checkpoint of one publication that is due. Times by the item's own clock. */
export interface CheckpointQuestion {
  workspaceId: string;
  itemId: string;
  publicationId: string;
  channelAccountId: string;
  channel: string;
  slotNumber: number;
  remoteId: string | null;
  checkpoint: string;
  publishedAt: string;
  at: string;
}

type MeasuringDeps = Pick<ActivityDeps, 'db' | 'sources' | 'secrets'>;

/** Asks every source that knows the channel; what each supplied is stored once per checkpoint. */
async function collect(
  deps: MeasuringDeps,
  question: CheckpointQuestion & { published: boolean },
  signal?: AbortSignal,
): Promise<void> {
  const { db } = deps;
  const { workspaceId, itemId, publicationId, channelAccountId, checkpoint, at } = question;
  const key = { workspaceId, channelAccountId };
  const [account, banMs] = await Promise.all([getChannelAccount(db, key), readBanMs(db, key)]);
  const channel = ChannelId.safeParse(question.channel);
  if (account === null || !channel.success) return;
  // The channel asked for silence; a checkpoint is looked at again.
  if (banMs > 0) return;
  const { permalink, page } = await readPublishedPage(db, question);
  for (const source of await sourcesOf(deps, { account, page })) {
    const collected = await source.collect({
      publication: {
        id: publicationId,
        channel: channel.data,
        marker: markerOf(intentKeyOf(question)),
        remoteId: question.remoteId,
        url: permalink,
        publishedAt: question.published ? question.publishedAt : null,
        accountRef: account.name,
      },
      page,
      checkpoint,
      at,
      ...(signal !== undefined && { signal }),
    });
    if ('unavailable' in collected || signal?.aborted) continue;
    await appendReadings(db, {
      workspaceId,
      itemId,
      additions: collected.readings.map((reading) => ({
        ...scoped(reading, question),
        source: source.id,
        idempotencyKey: `collected:${publicationId}:${checkpoint}:${source.id}:${reading.measure}`,
      })),
    });
  }
}

/** The account as it was just before the post: follower growth is measured from it. */
export async function collectBaseline(
  deps: MeasuringDeps,
  order: PublicationOrder & { at: string },
  signal?: AbortSignal,
): Promise<void> {
  const question = { ...order, remoteId: null, checkpoint: 'baseline', publishedAt: order.at };
  await collect(deps, { ...question, published: false }, signal);
}

export function measuringActivities(deps: MeasuringDeps) {
  const { db } = deps;
  return {
    /**
     * Collects the readings of a checkpoint from its sources. Readings that people stored for it
     * count as well.
     * @returns whether any reading of this publication and checkpoint is stored now.
     */
    async collectReadings(question: CheckpointQuestion): Promise<{ recorded: boolean }> {
      await collect(deps, { ...question, published: true });
      return { recorded: await isMeasured(question) };
    },
  };

  async function isMeasured(question: CheckpointQuestion): Promise<boolean> {
    const { workspaceId, itemId, checkpoint, publicationId, channelAccountId } = question;
    let cursor: string | undefined;
    do {
      // Readings of the item's other publications may fill whole pages.
      const page = await listReadings(db, { workspaceId, itemId, checkpoint, cursor, limit: 200 });
      const own = page.items.some(
        (reading) =>
          reading.publicationId === publicationId ||
          reading.channelAccountId === channelAccountId ||
          (reading.publicationId === null && reading.channelAccountId === null),
      );
      if (own) return true;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return false;
  }
}

/** Sources name a publication or an account; the others belong to the publication that was asked for. */
function scoped(reading: CollectedReading, { publicationId }: CheckpointQuestion) {
  const { measure, value, asOf, provisional, checkpoint, definition } = reading;
  const scope =
    reading.channelAccountId === undefined
      ? { publicationId: reading.publicationId ?? publicationId }
      : { channelAccountId: reading.channelAccountId };
  return {
    measure,
    value,
    asOf,
    provisional,
    ...scope,
    ...(checkpoint !== undefined && { checkpoint }),
    ...(definition !== undefined && { definition }),
  };
}
