import { sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { NoticeChannel, NoticeKind } from '../../../domain/telling/kinds.ts';
import type { Digest, NoticeChannels, QuietHours } from '../../../domain/telling/preferences.ts';
import type { NoticeAbout, NoticeTextKey } from '../../../domain/telling/texts.ts';
import { instant } from '../columns.ts';

/** What a member is told. */
export const notices = pgTable('notices', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  memberId: text('member_id').notNull(),
  itemId: text('item_id'),
  kind: text().$type<NoticeKind>().notNull(),
  cause: text().notNull(),
  waitKey: text('wait_key'),
  textKey: text('text_key').$type<NoticeTextKey>().notNull(),
  about: jsonb().$type<NoticeAbout>().notNull(),
  /** False: the member wants this kind elsewhere only. */
  inApp: boolean('in_app').notNull(),
  at: instant().notNull().default(sql`now()`),
  readAt: instant('read_at'),
});

/** A way of a notice out of Baton. */
export type SentChannel = Exclude<NoticeChannel, 'in_app'>;
export type SendState = 'pending' | 'sent' | 'settled' | 'failed';

export const noticeSends = pgTable('notice_sends', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  noticeId: text('notice_id').notNull(),
  memberId: text('member_id').notNull(),
  channel: text().$type<SentChannel>().notNull(),
  /** What is sent in one message. */
  batch: text().notNull(),
  state: text().$type<SendState>().notNull().default('pending'),
  /** While somebody sends it: until when it is theirs. */
  dueAt: instant('due_at').notNull(),
  attempts: integer().notNull().default(0),
  lastError: text('last_error'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  settledAt: instant('settled_at'),
});

/** How a member wants to be told. */
export const memberPreferences = pgTable('member_preferences', {
  memberId: text('member_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  channels: jsonb().$type<NoticeChannels>().notNull().default({}),
  digest: text().$type<Digest>().notNull().default('off'),
  quietHours: jsonb('quiet_hours').$type<QuietHours>(),
  sealedSlackUrl: text('sealed_slack_url'),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
});

/** Where the Slack messages of a workspace go. */
export const slackChannels = pgTable('slack_channels', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  sealed: text().notNull(),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
});
