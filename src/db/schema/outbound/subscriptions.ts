import { sql } from 'drizzle-orm';
import { bigint, boolean, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { SubscriptionFilter } from '../../../domain/outbound/catalogue.ts';
import type { AttemptRecord, DeliveryState } from '../../../domain/outbound/delivery.ts';
import { instant } from '../columns.ts';
import type { SealedSecret } from '../webhook-endpoints.ts';

export const webhookSubscriptions = pgTable('webhook_subscriptions', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  url: text().notNull(),
  description: text().notNull().default(''),
  /** `*`: every type. */
  types: text().array().notNull(),
  filter: jsonb().$type<SubscriptionFilter>().notNull().default({}),
  /** Newest first, two at most. */
  secrets: jsonb().$type<SealedSecret[]>().notNull(),
  active: boolean().notNull().default(true),
  stopped: text().$type<'paused' | 'gone'>(),
  issuedBy: text('issued_by'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

/** An event that somebody wanted. */
export const outboundEvents = pgTable('outbound_events', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  stream: text().notNull(),
  position: bigint({ mode: 'number' }).generatedAlwaysAsIdentity(),
  itemId: text('item_id'),
  type: text().notNull(),
  /** Exactly what is sent and signed. */
  body: text().notNull(),
  createdAt: instant('created_at').notNull(),
});

export const webhookDeliveries = pgTable('webhook_deliveries', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  subscriptionId: text('subscription_id').notNull(),
  eventId: text('event_id').notNull(),
  type: text().notNull(),
  itemId: text('item_id'),
  stream: text().notNull(),
  position: bigint({ mode: 'number' }).notNull(),
  state: text().$type<DeliveryState>().notNull().default('pending'),
  attempts: integer().notNull().default(0),
  log: jsonb().$type<AttemptRecord[]>().notNull().default([]),
  nextAttemptAt: instant('next_attempt_at').default(sql`now()`),
  leaseUntil: instant('lease_until'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  deliveredAt: instant('delivered_at'),
  exhaustedAt: instant('exhausted_at'),
});

/** Who looks after a subscription, and when they look next. */
export const deliveryTurns = pgTable('delivery_turns', {
  subscriptionId: text('subscription_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  busyUntil: instant('busy_until').notNull(),
  nextLookAt: instant('next_look_at'),
});
