import type { LookupOutcome, PublishOutcome } from '../../channels/channel.ts';
import { findContender, listHeldPosts, type PostOwner } from '../../db/publishing/remote-posts.ts';
import { intentKeyOf, type PublicationOrder } from '../../domain/channel/publication-intent.ts';
import type { Segment } from '../../domain/channel/publish-segments.ts';
import type { ActivityDeps } from '../deps.ts';

/** A text of an order, whose post is asked about. */
interface Sought {
  order: PublicationOrder;
  segment: Pick<Segment, 'position' | 'likeness'>;
}

type Found = Extract<LookupOutcome, { outcome: 'found' }>;

/** `ambiguous`: nobody here can say whose post it is, and asking again does not help. */
type OwnPost = LookupOutcome | { outcome: 'ambiguous'; message: string };

/**
 * Whether a post that a look-up found is this text's own. One that another publication holds never is. One that
 * only reads the same is it when it is the only one, and no other publication may have made it.
 */
export async function ownPostOf(
  { db }: Pick<ActivityDeps, 'db'>,
  { order, segment }: Sought,
  found: Found,
): Promise<OwnPost> {
  const { position, likeness } = segment;
  const posts = [found.post, ...found.others];
  const owner = { ...ownerOf(order), position };
  // Before what is held: a publication that gets its post in between is seen by one of the two.
  const contender =
    found.byText === true
      ? await findContender(db, {
          ...owner,
          intentKey: intentKeyOf(order),
          likeness: likeness ?? '',
          at: found.post.at,
        })
      : null;
  const held = await listHeldPosts(db, {
    ...owner,
    remoteIds: posts.map(({ remoteId }) => remoteId),
  });
  const [post, ...others] = posts.filter(({ remoteId }) => !held.has(remoteId));
  if (found.byText !== true) {
    return held.size === 0
      ? found
      : {
          outcome: 'ambiguous',
          message: 'the channel names a post of another publication as this one',
        };
  }
  if (post === undefined) {
    const message = 'what was found is held by others, and not all could be read';
    return found.incomplete === true ? { outcome: 'cannot_tell', message } : { outcome: 'absent' };
  }
  const is = `${post.remoteId} reads like this post`;
  if (contender !== null) {
    const { publicationId, itemId, isSending } = contender;
    const message = `${is}, and may be ${publicationId} of ${itemId}, which reads the same`;
    return { outcome: isSending ? 'cannot_tell' : 'ambiguous', message };
  }
  if (others.length > 0) {
    const ids = others.map(({ remoteId }) => remoteId).join(', ');
    return { outcome: 'ambiguous', message: `${is}, and so does ${ids}`.slice(0, 500) };
  }
  return { outcome: 'found', post, others };
}

/** A channel that answers a send with a post of another publication has not said what became of this one. */
export async function ownOutcomeOf(
  { db }: Pick<ActivityDeps, 'db'>,
  { order, segment }: Sought,
  outcome: PublishOutcome,
): Promise<PublishOutcome> {
  if (outcome.outcome !== 'published') return outcome;
  const { remoteId } = outcome;
  const { position } = segment;
  const held = await listHeldPosts(db, { ...ownerOf(order), position, remoteIds: [remoteId] });
  return held.size === 0
    ? outcome
    : {
        outcome: 'unknown',
        code: 'answer_unusable',
        message: `the channel answered with ${remoteId}, which is the post of another publication`,
      };
}

function ownerOf({ workspaceId, itemId, channelAccountId, publicationId }: PostOwner): PostOwner {
  return { workspaceId, itemId, channelAccountId, publicationId };
}
