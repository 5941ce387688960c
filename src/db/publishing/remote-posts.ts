import { and, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { PostHolder } from '../../domain/item/commands/facts.ts';
import type { Db } from '../client.ts';
import { remotePosts } from '../schema/index.ts';

/** Whose post it would be. */
export interface PostOwner {
  workspaceId: string;
  itemId: string;
  channelAccountId: string;
  publicationId: string;
}

/** The network of an account: where ids of posts are unique. */
function networkOf({
  workspaceId,
  channelAccountId,
}: Pick<PostOwner, 'workspaceId' | 'channelAccountId'>): SQL<string> {
  return sql<string>`(select network_of(channel, settings) from channel_accounts
    where workspace_id = ${workspaceId} and id = ${channelAccountId})`;
}

/** Which of these posts are held by something else than this text of this publication. */
export async function listHeldPosts(
  db: Db,
  { remoteIds, position, ...owner }: PostOwner & { remoteIds: readonly string[]; position: number },
): Promise<Set<string>> {
  const rows = await db
    .select({ remoteId: remotePosts.remoteId })
    .from(remotePosts)
    .where(
      and(
        eq(remotePosts.workspaceId, owner.workspaceId),
        eq(remotePosts.network, networkOf(owner)),
        inArray(remotePosts.remoteId, [...remoteIds]),
        sql`(${remotePosts.publicationId}, ${remotePosts.position})
          <> (${owner.publicationId}, ${position})`,
      ),
    );
  return new Set(rows.map(({ remoteId }) => remoteId));
}

/** A post of another publication that reads the same and of which nobody knows where it is. */
export interface Contender {
  publicationId: string;
  itemId: string;
  /** Its outcome is about to be known. */
  isSending: boolean;
}

/** An attempt at a post is not made for longer than this after it was due. */
const CONTENDS_FOR = sql`interval '2 days'`;

/**
 * Whether a post that is there by `at` may be another publication's: one to the same account of the network, by
 * its name there, that reads the same, was tried, and has no post of its own. Also one of which a person said
 * that it is not live.
 */
export async function findContender(
  db: Db,
  {
    intentKey,
    likeness,
    position,
    at,
    ...owner
  }: PostOwner & { intentKey: string; likeness: string; position: number; at: string },
): Promise<Contender | null> {
  const { rows } = await db.execute<{ publicationId: string; itemId: string; isSending: boolean }>(
    sql`
    select i.publication_id as "publicationId", i.item_id as "itemId",
           i.state = 'sending' as "isSending"
    from publish_intents as i
    join channel_accounts as a on a.workspace_id = i.workspace_id and a.id = i.channel_account_id
    join channel_accounts as own
      on own.workspace_id = i.workspace_id and own.id = ${owner.channelAccountId}
    cross join jsonb_array_elements(i.segments) as s
    where i.workspace_id = ${owner.workspaceId} and i.intent_key <> ${intentKey}
      and i.due_at > ${at}::timestamptz - ${CONTENDS_FOR}
      and network_of(a.channel, a.settings) = network_of(own.channel, own.settings)
      and lower(a.name) = lower(own.name)
      and s ->> 'likeness' = ${likeness} and (s ->> 'position')::integer = ${position}
      and s ->> 'firstAttemptAt' is not null and s ->> 'remoteId' is null
      and s ->> 'state' <> 'rejected'
    order by i.state = 'sending', i.due_at limit 1`,
  );
  return rows[0] ?? null;
}

/**
 * The other publication that holds a post which a person names, or is about to by a command that waits. Call it in the transaction that stores the command: whoever names
 * the same post at once waits until then, and sees it.
 */
export async function findPostHolder(
  tx: Db,
  {
    remoteId = null,
    permalink = null,
    ...owner
  }: PostOwner & { remoteId?: string | null | undefined; permalink?: string | null | undefined },
): Promise<PostHolder | null> {
  const { workspaceId, itemId, channelAccountId, publicationId } = owner;
  for (const name of [remoteId, permalink].filter((one) => one !== null).toSorted()) {
    const key = `post:${workspaceId}:${name}`;
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
  }
  const network = networkOf(owner);
  const { rows } = await tx.execute<{ publicationId: string; itemId: string }>(sql`
    select publication_id as "publicationId", item_id as "itemId" from remote_posts
    where workspace_id = ${workspaceId} and network = ${network} and remote_id = ${remoteId}
      and (item_id, channel_account_id) <> (${itemId}, ${channelAccountId})
    union all
    select p.id, p.item_id from publications as p
    join channel_accounts as a
      on a.workspace_id = p.workspace_id and a.id = p.channel_account_id
    where p.workspace_id = ${workspaceId} and network_of(a.channel, a.settings) = ${network}
      and p.permalink = ${permalink}
      and (p.item_id, p.channel_account_id) <> (${itemId}, ${channelAccountId})
    union all
    select c.payload #>> '{message,refs,publicationId}', c.item_id from commands as c
    where c.workspace_id = ${workspaceId} and c.state = 'pending'
      and c.type = 'resolve_publication'
      and c.payload #>> '{message,refs,publicationId}' <> ${publicationId}
      and (c.payload #>> '{message,refs,remoteId}' = ${remoteId}
        or c.payload #>> '{message,refs,permalink}' = ${permalink})
    limit 1`);
  return rows[0] ?? null;
}

/** @returns false when another publication of the workspace holds the post that a person named. */
export async function holdStatedPost(
  tx: Db,
  { remoteId, ...owner }: PostOwner & { remoteId: string },
): Promise<boolean> {
  const { workspaceId, itemId, channelAccountId, publicationId } = owner;
  const network = networkOf(owner);
  await tx
    .insert(remotePosts)
    .values({
      workspaceId,
      network,
      remoteId,
      itemId,
      channelAccountId,
      publicationId,
      position: 0,
      stated: true,
    })
    .onConflictDoNothing();
  const rows = await tx
    .select({ remoteId: remotePosts.remoteId })
    .from(remotePosts)
    .where(
      and(
        eq(remotePosts.workspaceId, workspaceId),
        eq(remotePosts.network, network),
        eq(remotePosts.remoteId, remoteId),
        eq(remotePosts.itemId, itemId),
        eq(remotePosts.channelAccountId, channelAccountId),
        eq(remotePosts.position, 0),
      ),
    );
  return rows.length > 0;
}
