import { listReadings } from '../db/item/readings.ts';
import { readBanMs } from '../db/publishing/channel-budgets.ts';
import { readPublishedPage } from '../db/publishing/published-pages.ts';
import { getChannelAccount } from '../db/workspace/channel-accounts.ts';
import { ChannelId } from '../domain/channel/channels.ts';
import {
  intentKeyOf,
  markerOf,
  type PublicationOrder,
} from '../domain/channel/publication-intent.ts';
import type { UnavailableSource } from '../domain/item/commands.ts';
import { isStated } from '../domain/kpi/readings.ts';
import type { CollectRequest, ReadingsSource } from '../metrics/readings-source.ts';
import type { ActivityDeps } from './deps.ts';
import { sourcesOf } from './measuring-sources.ts';
import { type AskedSources, askSources } from './source-replies.ts';

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
  /** The end of its window: no source is asked after it. */
  until?: string;
}

export interface CheckpointAnswer {
  /** Any reading of this publication and checkpoint is stored now. */
  recorded: boolean;
  /** Until a source that failed is asked again; null when none needs to be. */
  askAgainMs?: number | null;
  unavailable?: UnavailableSource[];
}

export type MeasuringDeps = Pick<ActivityDeps, 'db' | 'sources' | 'secrets'>;

const NOBODY: AskedSources = { askAgainMs: null, unavailable: [] };

/** Who knows a publication, and what they are asked at a checkpoint; null when its account is gone. */
export async function prepareCollection(
  deps: MeasuringDeps,
  question: CheckpointQuestion & { published: boolean },
): Promise<{
  sources: readonly ReadingsSource[];
  request: Omit<CollectRequest, 'signal'>;
} | null> {
  const { db } = deps;
  const { workspaceId, publicationId, channelAccountId, checkpoint, at } = question;
  const key = { workspaceId, channelAccountId };
  const [account, banMs] = await Promise.all([getChannelAccount(db, key), readBanMs(db, key)]);
  const channel = ChannelId.safeParse(question.channel);
  if (account === null || !channel.success) return null;
  const { permalink, page } = await readPublishedPage(db, question);
  const known = await sourcesOf(deps, { account, page });
  return {
    sources: banMs > 0 ? known.map((source) => silent(source, banMs)) : known,
    request: {
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
    },
  };
}

/** Asks every source that knows the channel; what each supplied is stored once per checkpoint. */
async function collect(
  deps: MeasuringDeps,
  question: CheckpointQuestion & { published: boolean },
  signal?: AbortSignal,
): Promise<AskedSources> {
  const prepared = await prepareCollection(deps, question);
  if (prepared === null) return NOBODY;
  const { workspaceId, itemId, publicationId, checkpoint, at, until = null } = question;
  return askSources(deps.db, prepared.sources, {
    key: { workspaceId, itemId, publicationId, checkpoint },
    at,
    until,
    request: prepared.request,
    ...(signal !== undefined && { signal }),
  });
}

/**
 * The channel asked for silence: it is asked once that is over. Only its own numbers are of a source with
 * its name; nobody else asks it.
 */
function silent(source: ReadingsSource, banMs: number): ReadingsSource {
  if (!ChannelId.safeParse(source.id).success) return source;
  const reply = { unavailable: 'its channel asked for silence', retry: true, retryAfterMs: banMs };
  return { ...source, collect: () => Promise.resolve(reply) };
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
    /** Collects the readings of a checkpoint from its sources. What people stated for it counts as well. */
    async collectReadings(question: CheckpointQuestion): Promise<CheckpointAnswer> {
      const { askAgainMs, unavailable } = await collect(deps, { ...question, published: true });
      const measured = await measuredBy(question);
      return {
        recorded: measured !== null,
        // Whoever states numbers for a checkpoint does not wait for its sources.
        askAgainMs: measured === 'people' ? null : askAgainMs,
        unavailable,
      };
    },
  };

  async function measuredBy(question: CheckpointQuestion): Promise<'people' | 'sources' | null> {
    const { workspaceId, itemId, checkpoint, publicationId, channelAccountId } = question;
    let cursor: string | undefined;
    let measured: 'sources' | null = null;
    do {
      // Readings of the item's other publications may fill whole pages.
      const page = await listReadings(db, { workspaceId, itemId, checkpoint, cursor, limit: 200 });
      const own = page.items.filter(
        (reading) =>
          reading.publicationId === publicationId ||
          reading.channelAccountId === channelAccountId ||
          (reading.publicationId === null && reading.channelAccountId === null),
      );
      if (
        own.some(({ source, createdBy }) => isStated({ source, createdBy: createdBy ?? undefined }))
      ) {
        return 'people';
      }
      if (own.length > 0) measured = 'sources';
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return measured;
  }
}
