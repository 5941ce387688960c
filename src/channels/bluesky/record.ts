import { type AppBskyFeedPost, AppBskyRichtextFacet } from '@atproto/api';
import { cutAt } from '../../domain/channel/text-counting.ts';
import type { Post, PostContent, PostMedia, RemotePost } from '../channel.ts';
import { bytesOf } from '../file-bytes.ts';
import { imageShapeOf } from '../image-shape.ts';
import { facetsIn } from './facets.ts';
import type { Server } from './xrpc.ts';

export const POST_COLLECTION = 'app.bsky.feed.post';
const POST_URI = /^at:\/\/(did:[a-z]+:[\w.:%-]+)\/app\.bsky\.feed\.post\/([\w.~:-]{1,512})$/;

export type PostRecord = AppBskyFeedPost.Record;

/** What the content of a post breaks, found while its record is made. */
export class ContentRefused extends Error {
  override readonly name = 'ContentRefused';
}

/** A file of the post that cannot be read, or is not what was approved. */
export class FileUnreadable extends Error {
  override readonly name = 'FileUnreadable';
}

/**
 * The record of a post: the same for every attempt, as far as the names in it resolve alike. Files are uploaded
 * for it; uploading one twice gives the same reference.
 */
export async function recordOf(
  server: Server,
  { content, dueAt, replyTo }: Pick<Post, 'content' | 'dueAt' | 'replyTo'>,
): Promise<PostRecord> {
  const [facets, embed, reply] = await Promise.all([
    facetsOf(server, content.text),
    embedOf(server, content),
    replyTo === null ? null : replyOf(server, replyTo),
  ]);
  return {
    $type: POST_COLLECTION,
    text: content.text,
    createdAt: new Date(dueAt).toISOString(),
    langs: [withSmallLanguage(content.language)],
    ...(facets.length > 0 && { facets }),
    ...(embed !== null && { embed }),
    ...(reply !== null && { reply }),
  };
}

/** Readers of the network look for a language in small letters; a tag's case says nothing. */
function withSmallLanguage(tag: string): string {
  return tag.replace(/^[^-]+/, (primary) => primary.toLowerCase());
}

/** Links, hashtags and mentions; a mention that nobody answers to stays plain text. */
async function facetsOf(server: Server, text: string): Promise<AppBskyRichtextFacet.Main[]> {
  const facets = facetsIn(text).map(async (facet) => {
    const features = await Promise.all(
      facet.features.map(async (feature) => {
        if (!AppBskyRichtextFacet.isMention(feature)) return [feature];
        const did = await didOf(server, feature.did);
        return did === null ? [] : [{ ...feature, did }];
      }),
    );
    return { ...facet, features: features.flat() };
  });
  return (await Promise.all(facets)).filter(({ features }) => features.length > 0);
}

/** Null for a handle that is nobody's, or that nobody could be asked about. */
async function didOf(server: Server, handle: string): Promise<string | null> {
  try {
    return (await server.identity.resolveHandle({ handle })).data.did;
  } catch {
    return null;
  }
}

async function embedOf(
  server: Server,
  { media = [], link, title, written }: PostContent,
): Promise<NonNullable<PostRecord['embed']> | null> {
  const [first] = media;
  if (first?.kind === 'video') return videoOf(server, first);
  if (first !== undefined) {
    const images = await Promise.all(media.map((file) => imageOf(server, file)));
    return { $type: 'app.bsky.embed.images', images };
  }
  return link === undefined ? null : cardOf({ link, shown: written?.link ?? link, title });
}

async function imageOf(server: Server, file: PostMedia) {
  if (!file.mediaType.startsWith('image/')) {
    throw new ContentRefused(`Bluesky shows no ${file.mediaType} among images`);
  }
  const bytes = await approvedBytes(file);
  const aspectRatio = imageShapeOf(bytes);
  return {
    image: await upload(server, bytes, file.mediaType),
    alt: file.altText ?? '',
    ...(aspectRatio !== null && { aspectRatio }),
  };
}

async function videoOf(server: Server, file: PostMedia): Promise<NonNullable<PostRecord['embed']>> {
  if (file.mediaType !== 'video/mp4') {
    throw new ContentRefused(`Bluesky shows no ${file.mediaType} as a video`);
  }
  const video = await upload(server, await approvedBytes(file), file.mediaType);
  return {
    $type: 'app.bsky.embed.video',
    video,
    ...(file.altText !== undefined && { alt: file.altText }),
  };
}

async function approvedBytes(file: PostMedia): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await bytesOf(file);
  if (bytes === null)
    throw new FileUnreadable(`file ${file.hash} is not readable as it was approved`);
  return bytes;
}

async function upload(server: Server, bytes: Uint8Array, encoding: string) {
  return (await server.repo.uploadBlob(bytes, { encoding })).data.blob;
}

/** Made of what was approved alone: what stands behind the link is not fetched. */
function cardOf({
  link,
  shown,
  title,
}: {
  link: string;
  /** The link whose address a reader sees: a short one says nothing. */
  shown: string;
  title: string | undefined;
}): NonNullable<PostRecord['embed']> {
  const address = addressOf(shown);
  return {
    $type: 'app.bsky.embed.external',
    external: {
      uri: link,
      ...(title === undefined
        ? { title: address, description: '' }
        : { title, description: address }),
    },
  };
}

/** Host and path, as a reader takes them in. */
function addressOf(link: string): string {
  const { host, pathname } = new URL(link);
  const address = pathname === '/' ? host : `${host}${decodable(pathname)}`;
  return cutAt(address, 200);
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
  server: Server,
  { parent, root }: NonNullable<Post['replyTo']>,
): Promise<AppBskyFeedPost.ReplyRef> {
  const parentRef = await strongRefOf(server, parent);
  const rootRef = root.remoteId === parent.remoteId ? parentRef : await strongRefOf(server, root);
  return { parent: parentRef, root: rootRef };
}

async function strongRefOf(server: Server, { remoteId }: RemotePost) {
  const [, repo, rkey] = POST_URI.exec(remoteId) ?? [];
  if (repo === undefined || rkey === undefined) {
    throw new ContentRefused('the post it answers is none of Bluesky');
  }
  const { data } = await server.repo.getRecord({
    repo,
    collection: POST_COLLECTION,
    rkey,
  });
  if (data.cid === undefined) throw new ContentRefused('the post it answers has no content id');
  return { uri: data.uri, cid: data.cid };
}
