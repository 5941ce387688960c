import type {
  Channel,
  ChannelAccount,
  Post,
  PostContent,
  PostMedia,
  RemotePost,
} from '../../channels/channel.ts';
import { openCredentials } from '../../credentials/account-credentials.ts';
import { SecretUnreadable } from '../../credentials/secret-box.ts';
import type { Db } from '../../db/client.ts';
import { getBrief, getDraft } from '../../db/item/versions.ts';
import { keepOutgoingLink, readLinkGround } from '../../db/publishing/outgoing-links.ts';
import { listAssets } from '../../db/workspace/assets.ts';
import { getChannelAccount } from '../../db/workspace/channel-accounts.ts';
import { contentHashOf, hashOf } from '../../domain/canonical.ts';
import { ChannelId } from '../../domain/channel/channels.ts';
import type { PublicationOrder } from '../../domain/channel/publication-intent.ts';
import type { Segment } from '../../domain/channel/publish-segments.ts';
import type { Draft, Variant } from '../../domain/item/content/draft.ts';
import {
  type OutgoingLink,
  outgoingLink,
  ownHostOf,
  withAddress,
} from '../../domain/links/outgoing-link.ts';
import type { ActivityDeps } from '../deps.ts';

/** Why there is nothing to send. */
export interface NoContent {
  outcome: 'hash_mismatch' | 'rejected';
  evidence: string;
}

const NOT_APPROVED: NoContent = {
  outcome: 'hash_mismatch',
  evidence: 'the stored content is not the approved one',
};

/** The approved content of each text, in order, read back and hashed again. */
export async function readContents(
  { db, assets }: Pick<ActivityDeps, 'db' | 'assets'>,
  order: PublicationOrder,
): Promise<PostContent[] | NoContent> {
  const key = { workspaceId: order.workspaceId, itemId: order.itemId };
  const [brief, draft] = await Promise.all([
    getBrief(db, { ...key, hash: order.briefHash }),
    getDraft(db, { ...key, hash: order.draftHash }),
  ]);
  if (brief === null || draft === null) return NOT_APPROVED;
  const stored = contentHashOf({ briefHash: hashOf(brief.body), draftHash: hashOf(draft.body) });
  if (stored !== order.contentHash) return NOT_APPROVED;
  const variant = draft.body.variants.find(({ channel }) => channel === order.channel);
  if (variant === undefined) return NOT_APPROVED;
  const { language } = draft.body;
  const media = await mediaOf({ db, assets }, { ...key, draft: draft.body, variant });
  if ('outcome' in media) return media;
  const sent = withAddress(variant, await linkOf(db, order, draft.body, variant));
  const isAsWritten = sent === variant;
  const first = {
    text: sent.text,
    language,
    title: draft.body.title,
    ...(sent.link !== undefined && { link: sent.link }),
    ...(!isAsWritten && { written: { text: variant.text, link: variant.link } }),
    ...(media.length > 0 && { media }),
  };
  const { thread = [] } = variant;
  const further = (sent.thread ?? []).map((text, index) => ({
    text,
    language,
    ...(!isAsWritten && { written: { text: thread[index] ?? text } }),
  }));
  // Link and files belong to the first text.
  return [first, ...further];
}

/** The link as this publication sends it, the same for every attempt; null where it stays as it is written. */
async function linkOf(
  db: Db,
  { workspaceId, itemId, publicationId, channelAccountId, contentHash }: PublicationOrder,
  { title }: Draft,
  { channel, link: written }: Variant,
): Promise<Pick<OutgoingLink, 'written' | 'address'> | null> {
  if (written === undefined) return null;
  const key = { workspaceId, itemId };
  const ground = await readLinkGround(db, { ...key, title, contentHash });
  if (ground.rule === null) return null;
  const account = await getChannelAccount(db, { workspaceId, channelAccountId });
  const ownHost = account === null ? null : ownHostOf(account);
  const link = outgoingLink(ground, { publicationId, channel, written, ownHost });
  return link === null ? null : keepOutgoingLink(db, { ...key, ...link });
}

async function mediaOf(
  { db, assets }: Pick<ActivityDeps, 'db' | 'assets'>,
  { workspaceId, draft, variant }: { workspaceId: string; draft: Draft; variant: Variant },
): Promise<PostMedia[] | NoContent> {
  const hashes = variant.assets ?? [];
  if (hashes.length === 0) return [];
  const stored = await listAssets(db, { workspaceId, hashes });
  const media: PostMedia[] = [];
  for (const hash of hashes) {
    const file = stored.find((row) => row.hash === hash);
    const asset = draft.assets.find((candidate) => candidate.hash === hash);
    // A post without a file that was approved with it is another post.
    if (file === undefined || asset === undefined) {
      return { outcome: 'rejected', evidence: `its file ${hash} is not there any more` };
    }
    media.push({
      hash,
      kind: asset.kind,
      ...(asset.altText !== undefined && { altText: asset.altText }),
      mediaType: file.mediaType,
      size: file.size,
      open: async () => (await assets.openAsset(hash)).stream,
    });
  }
  return media;
}

export interface SendTarget {
  channel: Channel;
  account: ChannelAccount;
  /** The account's credentials as they are stored: tells whether they are still the same later. */
  sealed: string | null;
}

/** Where the order goes, or why it cannot go anywhere. */
export async function findTarget(
  { db, channels, secrets }: Pick<ActivityDeps, 'db' | 'channels' | 'secrets'>,
  { workspaceId, channelAccountId }: PublicationOrder,
): Promise<SendTarget | { evidence: string }> {
  const account = await getChannelAccount(db, { workspaceId, channelAccountId });
  if (account === null || !account.active) return { evidence: 'the channel account is not active' };
  const id = ChannelId.parse(account.channel);
  const channel = channels.get(id);
  if (channel === null) return { evidence: `no adapter publishes to ${id} yet` };
  const { name, settings } = account;
  try {
    const credentials = openCredentials(secrets, account);
    const sealed = account.credentials;
    return { channel, account: { id: account.id, name, settings, credentials }, sealed };
  } catch (error) {
    if (!(error instanceof SecretUnreadable)) throw error;
    return { evidence: `the credentials of ${account.id} cannot be opened: ${error.message}` };
  }
}

/**
 * A text as its channel gets it: an answer to the one before, where it is not the first. Its time is that
 * of the intent: keys and look-ups are made of it, so it stays once a text was tried.
 */
export function postOf({
  order,
  dueAt,
  account,
  content,
  segment,
  segments,
}: Pick<Post, 'account' | 'content'> & {
  order: PublicationOrder;
  dueAt: string;
  segment: Segment;
  segments: readonly Segment[];
}): Post {
  const { key, marker, position } = segment;
  const parent = remotePostOf(segments[position - 1]);
  const root = remotePostOf(segments[0]);
  return {
    account,
    key,
    marker,
    dueAt,
    content,
    source: { itemId: order.itemId, publicationId: order.publicationId },
    replyTo: parent === null || root === null || position === 0 ? null : { parent, root },
  };
}

function remotePostOf(segment: Segment | undefined): RemotePost | null {
  if (segment?.remoteId == null) return null;
  const { remoteId, permalink, acceptedAt } = segment;
  return { remoteId, permalink, at: acceptedAt ?? '' };
}
