import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Segment } from '../../domain/channel/publish-segments.ts';
import { instant } from './columns.ts';

export type IntentState =
  | 'planned'
  | 'sending'
  | 'published'
  | 'rejected'
  | 'unknown'
  | 'not_live'
  | 'withdrawn';

/** What a person said of an outcome that nobody knew. */
export type IntentResolution = 'live' | 'not_live' | 'publish_again' | 'skip';

/** The send ledger: one row per post that may ever go out. */
export const publishIntents = pgTable('publish_intents', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  publicationId: text('publication_id').notNull(),
  channelAccountId: text('channel_account_id').notNull(),
  slotNumber: integer('slot_number').notNull(),
  /** Derived from workspace, item, account and slot number only: an edit makes no second post. */
  intentKey: text('intent_key').notNull(),
  /** What the post can be found by on the network. */
  marker: text().notNull(),
  contentHash: text('content_hash').notNull(),
  state: text().$type<IntentState>().notNull().default('planned'),
  /** Times a send lease was taken. */
  attempt: integer().notNull().default(0),
  leaseToken: text('lease_token'),
  leaseUntil: instant('lease_until'),
  remoteId: text('remote_id'),
  permalink: text(),
  /** Each text of the post, in order. */
  segments: jsonb().$type<Segment[]>().notNull().default([]),
  /** What was done about the post and what came of it, oldest first. */
  log: jsonb().$type<Record<string, unknown>[]>().notNull().default([]),
  resolution: text().$type<IntentResolution>(),
  evidence: jsonb().$type<Record<string, unknown>>(),
  dueAt: instant('due_at').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  settledAt: instant('settled_at'),
});
