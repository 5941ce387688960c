import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Post } from '../channel.ts';

/** Names the post to its receiver: the same on each attempt, so that it can tell a repetition. */
export function deliveryIdOf({ key }: Pick<Post, 'key'>): string {
  return `post_${createHash('sha256').update(key).digest('hex').slice(0, 40)}`;
}

/** What is sent: the same bytes on each attempt. Files are named by their hash, for `GET /v1/assets/{hash}`. */
export function deliveryBodyOf(post: Post): string {
  const { account, content, marker, dueAt, replyTo, source } = post;
  return JSON.stringify({
    type: 'post.publish',
    timestamp: dueAt,
    data: {
      id: deliveryIdOf(post),
      marker,
      ...(source !== undefined && source),
      account: { id: account.id, name: account.name },
      text: content.text,
      language: content.language,
      link: content.link ?? null,
      media: (content.media ?? []).map(({ hash, kind, mediaType, size, altText = null }) => ({
        hash,
        kind,
        mediaType,
        size,
        altText,
      })),
      replyTo:
        replyTo === null ? null : { parent: replyTo.parent.remoteId, root: replyTo.root.remoteId },
    },
  });
}

/** Headers of a signed call, by Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`. */
export function signedHeaders(
  { id, body }: { id: string; body: string },
  secret: string,
): Record<string, string> {
  const now = new Date();
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
}
