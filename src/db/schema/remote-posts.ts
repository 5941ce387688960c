import { sql } from 'drizzle-orm';
import { boolean, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** Each post that a publication holds, by its id on the network; written by a trigger, and by a person's word. */
export const remotePosts = pgTable(
  'remote_posts',
  {
    workspaceId: text('workspace_id').notNull(),
    /** Where the id is unique: the channel, and the server where it has several. */
    network: text().notNull(),
    remoteId: text('remote_id').notNull(),
    itemId: text('item_id').notNull(),
    channelAccountId: text('channel_account_id').notNull(),
    publicationId: text('publication_id').notNull(),
    /** Which text of a thread it is. */
    position: integer().notNull(),
    /** By a person; the network itself said the others. */
    stated: boolean().notNull(),
    heldAt: instant('held_at').notNull().default(sql`now()`),
  },
  ({ workspaceId, network, remoteId }) => [
    primaryKey({ columns: [workspaceId, network, remoteId] }),
  ],
);
