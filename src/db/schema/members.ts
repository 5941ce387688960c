import { sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Language } from '../../domain/labels/words.ts';
import type { PlatformTags } from '../../domain/people/member.ts';
import type { ApproverRole, Role } from '../../domain/people/roles.ts';
import { bytes, instant } from './columns.ts';

export const members = pgTable('members', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  name: text().notNull(),
  roles: text().array().$type<Role[]>().notNull().default([]),
  skillTags: text('skill_tags').array().notNull().default([]),
  platformTags: jsonb('platform_tags').$type<PlatformTags>().notNull().default({}),
  profileTags: text('profile_tags').array().notNull().default([]),
  backupId: text('backup_id'),
  active: boolean().notNull().default(true),
  absentFrom: instant('absent_from'),
  absentUntil: instant('absent_until'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  /** Where mail reaches the member; null: nowhere. */
  email: text(),
  language: text().$type<Language>().notNull().default('en'),
  /** IANA zone of the member's own day. */
  zone: text().notNull().default('UTC'),
});

/** The secret itself is never stored: only its SHA-256 (it has 256 random bits, so that is enough). */
export const apiKeys = pgTable('api_keys', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  memberId: text('member_id').notNull(),
  name: text().notNull(),
  secretHash: bytes('secret_hash').notNull(),
  expiresAt: instant('expires_at'),
  revokedAt: instant('revoked_at'),
  lastUsedAt: instant('last_used_at'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  /** Who made it; null when the workspace was made with it. */
  issuedBy: text('issued_by'),
});

/** One decision of somebody who is no member. Of its secret only the SHA-256 is stored, too. */
export const approvalLinks = pgTable('approval_links', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  role: text().$type<ApproverRole>().notNull(),
  contentHash: text('content_hash').notNull(),
  approvalSet: integer('approval_set').notNull(),
  name: text().notNull(),
  /** Folded: two spellings of it are one person. */
  nameKey: text('name_key').notNull(),
  /** In lower case. */
  email: text(),
  secretHash: bytes('secret_hash').notNull(),
  /** By the item's own clock. */
  expiresAt: instant('expires_at').notNull(),
  /** Null when the system made it, for an approver whom the playbook names. */
  issuedBy: text('issued_by'),
  revokedAt: instant('revoked_at'),
  revokedBy: text('revoked_by'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
