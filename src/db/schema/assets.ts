import { sql } from 'drizzle-orm';
import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { AssetKind } from '../../domain/asset-kinds.ts';
import { instant } from './columns.ts';

/** What is known of a file in the content-addressed store. */
export const assets = pgTable(
  'assets',
  {
    workspaceId: text('workspace_id').notNull(),
    hash: text().notNull(),
    kind: text().$type<AssetKind>().notNull(),
    mediaType: text('media_type').notNull(),
    /** Bytes. */
    size: bigint({ mode: 'number' }).notNull(),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    /** Since when no version of a draft needs it; null: one does. */
    unusedSince: instant('unused_since').default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.hash] })],
);
