import { sql } from 'drizzle-orm';
import { boolean, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Language } from '../../domain/labels/words.ts';
import type { PlatformTags } from '../../domain/people/member.ts';
import type { Role } from '../../domain/people/roles.ts';
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
