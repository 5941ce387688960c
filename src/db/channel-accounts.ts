import { and, asc, eq } from 'drizzle-orm';
import type { ChannelId } from '../domain/channels.ts';
import type { Db } from './client.ts';
import { ifGiven } from './conditions.ts';
import { newId } from './ids.ts';
import { channelAccounts } from './schema/index.ts';

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

/** Accounts by channel and name. */
export async function listChannelAccounts(
  db: Db,
  filter: {
    workspaceId: string;
    channel?: ChannelId | undefined;
    active?: boolean | undefined;
  },
): Promise<ChannelAccountRow[]> {
  return db
    .select()
    .from(channelAccounts)
    .where(
      and(
        eq(channelAccounts.workspaceId, filter.workspaceId),
        ...ifGiven(filter.channel, (channel) => eq(channelAccounts.channel, channel)),
        ...ifGiven(filter.active, (active) => eq(channelAccounts.active, active)),
      ),
    )
    .orderBy(asc(channelAccounts.channel), asc(channelAccounts.name), asc(channelAccounts.id));
}

function isAccount({ workspaceId, channelAccountId }: ChannelAccountKey) {
  return and(
    eq(channelAccounts.id, channelAccountId),
    eq(channelAccounts.workspaceId, workspaceId),
  );
}
