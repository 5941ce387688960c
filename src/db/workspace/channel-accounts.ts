import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { ChannelId } from '../../domain/channel/channels.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { channelAccounts } from '../schema/index.ts';

export type ChannelAccountRow = typeof channelAccounts.$inferSelect;

export type NewChannelAccount = {
  workspaceId: string;
  channel: ChannelId;
  name: string;
  zone: string;
} & Partial<
  Pick<ChannelAccountRow, 'id' | 'settings' | 'credentials' | 'ownerId' | 'tokenExpiresAt'>
>;

export type ChannelAccountChange = Partial<
  Pick<
    ChannelAccountRow,
    'name' | 'zone' | 'settings' | 'credentials' | 'ownerId' | 'tokenExpiresAt' | 'active'
  >
>;

interface ChannelAccountKey {
  workspaceId: string;
  channelAccountId: string;
}

export async function insertChannelAccount(
  db: Db,
  account: NewChannelAccount,
): Promise<ChannelAccountRow> {
  const [row] = await db
    .insert(channelAccounts)
    .values({ id: newId('channelAccount'), ...account })
    .returning();
  if (row === undefined) throw new Error('insert of a channel account returned no row');
  return row;
}

/** @returns null when the workspace has no such account. */
export async function updateChannelAccount(
  db: Db,
  { change, ...key }: ChannelAccountKey & { change: ChannelAccountChange },
): Promise<ChannelAccountRow | null> {
  if (Object.keys(change).length === 0) return getChannelAccount(db, key);
  const [row] = await db.update(channelAccounts).set(change).where(isAccount(key)).returning();
  return row ?? null;
}

/** @param options `lock` keeps others from changing it until the transaction ends. */
export async function getChannelAccount(
  db: Db,
  key: ChannelAccountKey,
  { lock = false }: { lock?: boolean } = {},
): Promise<ChannelAccountRow | null> {
  const query = db.select().from(channelAccounts).where(isAccount(key));
  const [row] = await (lock ? query.for('no key update') : query);
  return row ?? null;
}

/** Those accounts of a workspace that have one of the ids, by channel and name. */
export async function findChannelAccounts(
  db: Db,
  { workspaceId, ids }: { workspaceId: string; ids: readonly string[] },
): Promise<ChannelAccountRow[]> {
  if (ids.length === 0) return [];
  return db
    .select()
    .from(channelAccounts)
    .where(and(eq(channelAccounts.workspaceId, workspaceId), inArray(channelAccounts.id, [...ids])))
    .orderBy(...BY_NAME);
}

/** Accounts by channel and name, page by page. */
export async function pageChannelAccounts(
  db: Db,
  request: PageRequest & { workspaceId: string; channel?: ChannelId | undefined },
): Promise<Page<ChannelAccountRow>> {
  const limit = pageLimit(request);
  const rows = await db
    .select()
    .from(channelAccounts)
    .where(
      and(
        eq(channelAccounts.workspaceId, request.workspaceId),
        ...ifGiven(request.channel, (channel) => eq(channelAccounts.channel, channel)),
        ...ifGiven(request.cursor, (cursor) => {
          const [channel, name, id] = decodeTextCursor(cursor, 3);
          return sql`(${channelAccounts.channel}, ${channelAccounts.name}, ${channelAccounts.id})
            > (${channel}, ${name}, ${id})`;
        }),
      ),
    )
    .orderBy(...BY_NAME)
    .limit(limit + 1);
  return toPage(rows, limit, ({ channel, name, id }) => [channel, name, id]);
}

const BY_NAME = [
  asc(channelAccounts.channel),
  asc(channelAccounts.name),
  asc(channelAccounts.id),
] as const;

function isAccount({ workspaceId, channelAccountId }: ChannelAccountKey) {
  return and(
    eq(channelAccounts.id, channelAccountId),
    eq(channelAccounts.workspaceId, workspaceId),
  );
}
