import { sql } from 'drizzle-orm';
import { boolean, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export type WebhookDecision = 'accept_handoff' | 'decline_handoff' | 'decide_approval' | 'sign_off';

/** One signing secret, encrypted by the layer above: the database never sees it in clear. */
export interface SealedSecret {
  sealed: string;
  createdAt: string;
  /** Not accepted after this instant; null for the newest. */
  expiresAt: string | null;
}

export const webhookEndpoints = pgTable('webhook_endpoints', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  kind: text().$type<'standard' | 'slack' | 'github'>().notNull(),
  name: text().notNull(),
  /** Whom it acts for; null for Slack, where it depends on who clicks. */
  memberId: text('member_id'),
  /** For Slack: member ids by the ids of its users. */
  users: jsonb().$type<Record<string, string>>().notNull().default({}),
  decisions: text().array().$type<WebhookDecision[]>().notNull(),
  /** Newest first, two at most. */
  secrets: jsonb().$type<SealedSecret[]>().notNull(),
  active: boolean().notNull().default(true),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  /** Who made it. */
  issuedBy: text('issued_by'),
});
