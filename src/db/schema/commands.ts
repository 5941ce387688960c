import { sql } from 'drizzle-orm';
import { boolean, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Divergence } from '../../domain/item/divergence.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import { bytes, instant, memberIn } from './columns.ts';

/** Every command ever asked for, and what became of it. */
export const commands = pgTable('commands', {
  /** `http:<keyId>:<Idempotency-Key>`, `webhook:<endpointId>:<webhook-id>`, `link:<linkId>` or `campaign:<actId>:<itemId>[:<number>]`; also the Update id. */
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  actorId: text('actor_id').notNull(),
  /** The actor, unless they came by link and are no member. */
  actorMemberId: text('actor_member_id').generatedAlwaysAs(memberIn('actor_id')),
  source: text().$type<'http' | 'webhook' | 'link' | 'cli' | 'campaign'>().notNull(),
  type: text().notNull(),
  /** Exactly what is sent to the run, so that the drainer can send it again. */
  payload: jsonb().$type<Record<string, unknown>>().notNull(),
  bodyHash: text('body_hash').notNull(),
  /** Times someone took the fence. */
  attempt: integer().notNull().default(0),
  leaseUntil: instant('lease_until'),
  state: text().$type<'pending' | 'applied' | 'refused' | 'expired'>().notNull().default('pending'),
  answer: jsonb().$type<Record<string, unknown>>(),
  unmet: jsonb().$type<Unmet[]>(),
  /** Set on a refused or expired row only if the run applied the command all the same: a finding. */
  appliedSeq: integer('applied_seq'),
  /** Where the item stood when the command was refused or expired: its place in the timeline. */
  refusedAtSeq: integer('refused_at_seq'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  settledAt: instant('settled_at'),
  lastError: text('last_error'),
  errorCount: integer('error_count').notNull().default(0),
  /** What its run said last when its chain was not the row's. */
  divergence: jsonb().$type<Divergence>(),
  /** Waits in the queue of its run (command-queues.ts), behind those that came before. */
  isQueued: boolean('is_queued').notNull().default(false),
  /** Real time. The run refuses it from then on. */
  expiresAt: instant('expires_at').notNull(),
  /** The trace in which it was given, 32 hex digits. */
  traceId: text('trace_id'),
});

/** Answers of changes that are not commands, and refusals that no command's row holds. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    workspaceId: text('workspace_id').notNull(),
    apiKeyId: text('api_key_id').notNull(),
    key: text().notNull(),
    /** Method and path. */
    route: text().notNull(),
    /** Keyed by the credential that asked: a body may hold a secret. */
    bodyHash: text('body_hash').notNull(),
    leaseUntil: instant('lease_until'),
    status: integer(),
    response: bytes(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.apiKeyId, table.key] })],
);
