import { sql } from 'drizzle-orm';
import { integer, json, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { CsvMapping } from '../../../domain/csv/mapping.ts';
import type { ImportCounts, ImportedRow } from '../../../domain/csv/row-result.ts';
import { instant } from '../columns.ts';

/** How a workspace reads the columns of its own exports. */
export const csvMappings = pgTable('csv_mappings', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  name: text().notNull(),
  body: jsonb().$type<CsvMapping>().notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  changedAt: instant('changed_at').notNull().default(sql`now()`),
});

/** Files of readings that were imported. */
export const readingImports = pgTable('reading_imports', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  mapping: text().notNull(),
  state: text().$type<'running' | 'done' | 'failed'>().notNull().default('running'),
  failure: text(),
  counts: jsonb().$type<ImportCounts>().notNull().default({}),
  readings: integer().notNull().default(0),
  /** The last one that is stored. */
  line: integer().notNull().default(0),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  seenAt: instant('seen_at').notNull().default(sql`now()`),
  endedAt: instant('ended_at'),
});

/** Previews that are being read. */
export const readingPreviews = pgTable('reading_previews', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  seenAt: instant('seen_at').notNull().default(sql`now()`),
});

export const readingImportBlocks = pgTable(
  'reading_import_blocks',
  {
    importId: text('import_id').notNull(),
    workspaceId: text('workspace_id').notNull(),
    lastLine: integer('last_line').notNull(),
    rows: json().$type<ImportedRow[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.importId, table.lastLine] })],
);
