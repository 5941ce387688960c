import { sql } from 'drizzle-orm';
import { boolean, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { ChannelId } from '../../domain/channel/channels.ts';
import { instant } from './columns.ts';

export const channelAccounts = pgTable('channel_accounts', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  channel: text().$type<ChannelId>().notNull(),
  name: text().notNull(),
  /** IANA zone of the audience: slots given in local time are read in it. */
  zone: text().notNull(),
  settings: jsonb().$type<Record<string, unknown>>().notNull().default({}),
  /** Sealed; only the worker opens them. */
  credentials: text(),
  ownerId: text('owner_id'),
  tokenExpiresAt: instant('token_expires_at'),
  active: boolean().notNull().default(true),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
