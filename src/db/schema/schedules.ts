import { sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { PostingRules, WeeklySlot } from '../../domain/channel/weekly-slots.ts';
import type { PublicationState } from '../../domain/item/publication-states.ts';
import { bytes, instant } from './columns.ts';

export const channelSchedules = pgTable('channel_schedules', {
  channelAccountId: text('channel_account_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  slots: jsonb().$type<WeeklySlot[]>().notNull(),
  rules: jsonb().$type<PostingRules>().notNull(),
  updatedBy: text('updated_by').notNull(),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
});

/** The publication records of every item's snapshot, as rows: written by a trigger on `items` only. */
export const publications = pgTable('publications', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  channelAccountId: text('channel_account_id').notNull(),
  channel: text().notNull(),
  slotNumber: integer('slot_number').notNull(),
  state: text().$type<PublicationState>().notNull(),
  at: instant().notNull(),
  local: text().notNull(),
  zone: text().notNull(),
  /** Of the time-zone rules that `at` was computed with; null for records of before. */
  tzVersion: text('tz_version'),
  publishedAt: instant('published_at'),
  permalink: text(),
  evidence: text(),
  /** Its approval deadline passed. */
  released: boolean().notNull().default(false),
  embargoUntil: instant('embargo_until'),
  /** Seq of the item at the last change of this row. */
  changedSeq: integer('changed_seq').notNull(),
  changedAt: instant('changed_at').notNull().default(sql`now()`),
});

/** How often an item or a channel account got another name: written by triggers only. */
export const renames = pgTable('renames', {
  subjectId: text('subject_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  count: integer().notNull().default(1),
  lastAt: instant('last_at').notNull().default(sql`now()`),
});

/** Windows in which nothing goes out: of an account, a channel or, with neither, of the workspace. */
export const blackouts = pgTable('blackouts', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  channel: text(),
  channelAccountId: text('channel_account_id'),
  startsAt: instant('starts_at').notNull(),
  endsAt: instant('ends_at').notNull(),
  reason: text().notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  removedBy: text('removed_by'),
  removedAt: instant('removed_at'),
});

/** Every freeze of a workspace's sends; at most one stands. */
export const freezes = pgTable('freezes', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  reason: text().notNull(),
  frozenBy: text('frozen_by').notNull(),
  frozenAt: instant('frozen_at').notNull().default(sql`now()`),
  liftReason: text('lift_reason'),
  liftedBy: text('lifted_by'),
  liftedAt: instant('lifted_at'),
});

export const calendarFeeds = pgTable('calendar_feeds', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  memberId: text('member_id').notNull(),
  secretHash: bytes('secret_hash').notNull(),
  channelAccountId: text('channel_account_id'),
  campaignId: text('campaign_id'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  revokedAt: instant('revoked_at'),
});
