import { buffer } from 'node:stream/consumers';
import {
  type Agent,
  type AppBskyFeedPost,
  type AppBskyRichtextFacet,
  RichText,
} from '@atproto/api';
import type { Post, PostContent, PostMedia, RemotePost } from '../channel.ts';
import { imageShapeOf } from '../image-shape.ts';

export const POST_COLLECTION = 'app.bsky.feed.post';
const POST_URI = /^at:\/\/(did:[a-z]+:[\w.:%-]+)\/app\.bsky\.feed\.post\/([\w.~:-]{1,512})$/;

export type PostRecord = AppBskyFeedPost.Record;

/** What the content of a post breaks, found while its record is made. */
export class ContentRefused extends Error {
  override readonly name = 'ContentRefused';
}

/**
 * The record of a post: the same for every attempt, as far as the names in it resolve alike. Files are uploaded
 * for it; uploading one twice gives the same reference.
 */
export async function recordOf(
  agent: Agent,
  { content, dueAt, replyTo }: Pick<Post, 'content' | 'dueAt' | 'replyTo'>,
): Promise<PostRecord> {
  const [facets, embed, reply] = await Promise.all([
    facetsOf(agent, content.text),
    embedOf(agent, content),
    replyTo === null ? null : replyOf(agent, replyTo),
  ]);
  return {
    $type: POST_COLLECTION,
    text: content.text,
    createdAt: new Date(dueAt).toISOString(),
    langs: [content.language],
    ...(facets.length > 0 && { facets }),
    ...(embed !== null && { embed }),
    ...(reply !== null && { reply }),
  };
}

/** Links, hashtags and mentions; a mention that nobody answers to stays plain text. */
async function facetsOf(agent: Agent, text: string): Promise<AppBskyRichtextFacet.Main[]> {
  const rich = new RichText({ text });
  await rich.detectFacets(agent);
  return (rich.facets ?? []).flatMap((facet) => {
    const features = facet.features.filter((feature) => !('did' in feature) || feature.did !== '');
    return features.length === 0 ? [] : [{ ...facet, features }];
  });
}

async function embedOf(
  agent: Agent,
  { media = [], link }: PostContent,
): Promise<NonNullable<PostRecord['embed']> | null> {
  const [first] = media;
  if (first?.kind === 'video') return videoOf(agent, first);
  if (first !== undefined) {
    const images = await Promise.all(media.map((file) => imageOf(agent, file)));
    return { $type: 'app.bsky.embed.images', images };
  }
  return link === undefined ? null : cardOf(link);
}

async function imageOf(agent: Agent, file: PostMedia) {
  if (!file.mediaType.startsWith('image/')) {
    throw new ContentRefused(`Bluesky shows no ${file.mediaType} among images`);
  }
  const bytes = await buffer(await file.open());
  const aspectRatio = imageShapeOf(bytes);
  return {
    image: await upload(agent, bytes, file.mediaType),
    alt: file.altText ?? '',
    ...(aspectRatio !== null && { aspectRatio }),
  };
}

async function videoOf(agent: Agent, file: PostMedia): Promise<NonNullable<PostRecord['embed']>> {
  if (file.mediaType !== 'video/mp4') {
    throw new ContentRefused(`Bluesky shows no ${file.mediaType} as a video`);
  }
  const video = await upload(agent, await buffer(await file.open()), file.mediaType);
  return {
    $type: 'app.bsky.embed.video',
    video,
    ...(file.altText !== undefined && { alt: file.altText }),
  };
}

async function upload(agent: Agent, bytes: Uint8Array, encoding: string) {
  return (await agent.com.atproto.repo.uploadBlob(bytes, { encoding })).data.blob;
}

/** Made of the link alone: what stands behind it is not fetched. */
function cardOf(link: string): NonNullable<PostRecord['embed']> {
  const { host, pathname } = new URL(link);
  const title = pathname === '/' ? host : `${host}${decodable(pathname)}`;
  return {
    $type: 'app.bsky.embed.external',
    external: { uri: link, title: title.slice(0, 200), description: '' },
  };
}

function decodable(pathname: string): string {
  try {
    return decodeURI(pathname);
  } catch {
    return pathname;
  }
}

/** A reply names its posts by content as well, which only the server knows. */
async function replyOf(
  agent: Agent,
  { parent, root }: NonNullable<Post['replyTo']>,
): Promise<AppBskyFeedPost.ReplyRef> {
  const parentRef = await strongRefOf(agent, parent);
  const rootRef = root.remoteId === parent.remoteId ? parentRef : await strongRefOf(agent, root);
  return { parent: parentRef, root: rootRef };
}

async function strongRefOf(agent: Agent, { remoteId }: RemotePost) {
  const [, repo, rkey] = POST_URI.exec(remoteId) ?? [];
  if (repo === undefined || rkey === undefined) {
    throw new ContentRefused('the post it answers is none of Bluesky');
  }
  const { data } = await agent.com.atproto.repo.getRecord({
    repo,
    collection: POST_COLLECTION,
    rkey,
  });
  if (data.cid === undefined) throw new ContentRefused('the post it answers has no content id');
  return { uri: data.uri, cid: data.cid };
}
