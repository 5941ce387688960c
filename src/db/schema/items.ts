import { sql } from 'drizzle-orm';
import { bigint, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Alarm } from '../../domain/item/alarms.ts';
import type { ItemEvent, ItemEventType } from '../../domain/item/event.ts';
import type { WaitingOn } from '../../domain/item/responsible.ts';
import type { Stage } from '../../domain/item/stages.ts';
import type { Role } from '../../domain/people/roles.ts';
import { bytes, instant, snapshot } from './columns.ts';

/** What the run of an item last reported. `seq` 0: the run has not reported yet. */
export const items = pgTable('items', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  title: text().notNull(),
  campaignId: text('campaign_id'),
  playbookName: text('playbook_name').notNull(),
  playbookVersion: integer('playbook_version').notNull(),
  stage: text().$type<Stage>().notNull(),
  substage: text(),
  ownerRole: text('owner_role').$type<Role>(),
  assigneeId: text('assignee_id'),
  waitingOn: jsonb('waiting_on').$type<WaitingOn[]>().notNull().default([]),
  seq: integer().notNull().default(0),
  /** Hash of the event at `seq`. */
  headHash: text('head_hash').notNull(),
  /** As its run wrote it; read as this release knows it. */
  snapshot: snapshot().notNull(),
  /** By the run's clock, as are the times after it: compare with `now() + clockOffsetMs`. */
  stageEnteredAt: instant('stage_entered_at').notNull(),
  dueAt: instant('due_at'),
  alarms: jsonb().$type<Alarm[]>().notNull().default([]),
  nextAlarmAt: instant('next_alarm_at'),
  /** How far time travel put the run's clock ahead (local stack only). */
  clockOffsetMs: bigint('clock_offset_ms', { mode: 'number' }).notNull().default(0),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
  closedAt: instant('closed_at'),
});

/** Append-only, by trigger. */
export const itemEvents = pgTable(
  'item_events',
  {
    itemId: text('item_id').notNull(),
    seq: integer().notNull(),
    workspaceId: text('workspace_id').notNull(),
    at: instant().notNull(),
    type: text().$type<ItemEventType>().notNull(),
    actor: text().notNull(),
    data: jsonb().$type<ItemEvent['data']>().notNull(),
    prevHash: text('prev_hash').notNull(),
    hash: text().notNull(),
    commandId: text('command_id'),
    recordedAt: instant('recorded_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.itemId, table.seq] })],
);

/** The engine's history of a closed run, gzipped: the engine forgets it. */
export const archivedHistories = pgTable(
  'archived_histories',
  {
    itemId: text('item_id').notNull(),
    runId: text('run_id').notNull(),
    workspaceId: text('workspace_id').notNull(),
    history: bytes().notNull(),
    sha256: text().notNull(),
    archivedAt: instant('archived_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.itemId, table.runId] })],
);
