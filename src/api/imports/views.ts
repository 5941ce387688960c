import { z } from '@hono/zod-openapi';
import type { ReadingImportRow } from '../../db/imports/reading-imports.ts';
import { DIED, SILENT_MS } from '../../db/imports/turns.ts';
import { MATCH_KINDS } from '../../domain/csv/mapping.ts';
import { type ImportCounts, type ImportedRow, ROW_RESULTS } from '../../domain/csv/row-result.ts';
import { keysOf } from '../../domain/keys.ts';
import { MeasureId } from '../../domain/kpi/measures.ts';
import { InstantText } from '../route-parts.ts';
import type { ImportPreview as Preview } from './preview-file.ts';

const RESULTS = keysOf(ROW_RESULTS);

const RowResult = z.enum(RESULTS).meta({
  id: 'ImportRowResult',
  description: RESULTS.map((result) => `\`${result}\`: ${ROW_RESULTS[result]}`).join('; '),
});

export const ImportResultFilter = RowResult;

export const ImportedRowView = z
  .object({
    line: z.int(),
    result: RowResult,
    itemId: z.string().optional(),
    publicationId: z.string().optional(),
    readings: z.int().optional().describe('how many readings it has'),
    mistakes: z
      .array(z.object({ column: z.string().describe('empty: the whole row'), message: z.string() }))
      .optional(),
  })
  .meta({ id: 'ImportedRow' });

const Counts = z
  .object(
    Object.fromEntries(RESULTS.map((result) => [result, z.int()])) as Record<
      keyof typeof ROW_RESULTS,
      z.ZodInt
    >,
  )
  .meta({ id: 'ImportCounts', description: 'rows by result' });

export const ReadingImport = z
  .object({
    id: z.string(),
    mapping: z.string(),
    state: z
      .enum(['running', 'done', 'failed'])
      .describe('what a failed one stored stays; its `failure` says how the rest is stored'),
    failure: z.string().nullable(),
    counts: Counts,
    readings: z.int().describe('new ones'),
    line: z.int().describe('the last line that is dealt with'),
    createdBy: z.string(),
    createdAt: InstantText,
    endedAt: InstantText.nullable(),
  })
  .meta({ id: 'ReadingImport' });

export const ImportPreview = z
  .object({
    columns: z.object({
      piece: z.object({ column: z.string(), by: z.enum(MATCH_KINDS) }),
      asOf: z.string().nullable().describe('null: the import states it'),
      measures: z.array(z.object({ measure: MeasureId, column: z.string() })),
      skipped: z.array(z.string()).describe('columns that nothing is read from'),
    }),
    counts: Counts,
    readings: z.int().describe('that would be new'),
    rows: z.array(
      ImportedRowView.extend({
        asOf: InstantText.nullable(),
        values: z.record(z.string(), z.number()).describe('by measure'),
      }),
    ),
    mistakes: z.array(ImportedRowView).describe('the first rows that are not taken, and why'),
  })
  .meta({ id: 'ImportPreview' });

export function importView(row: ReadingImportRow): z.infer<typeof ReadingImport> {
  const { workspaceId: _, seenAt, counts, state, failure, ...rest } = row;
  // It is told as failed before anybody notes it.
  const isSilent = state === 'running' && Date.now() - Date.parse(seenAt) > SILENT_MS;
  return {
    ...rest,
    counts: countsView(counts),
    state: isSilent ? 'failed' : state,
    failure: isSilent ? DIED : failure,
  };
}

export function importedRowView(row: ImportedRow): z.infer<typeof ImportedRowView> {
  const { mistakes, ...rest } = row;
  return {
    ...rest,
    ...(mistakes && { mistakes: mistakes.map(([column, message]) => ({ column, message })) }),
  };
}

export function previewView(preview: Preview): z.infer<typeof ImportPreview> {
  const { plan, counts, readings, shown, mistakes } = preview;
  return {
    columns: {
      piece: { column: plan.match.name, by: plan.by },
      asOf: plan.asOf?.column.name ?? null,
      measures: plan.measures.map(({ measure, column }) => ({ measure, column: column.name })),
      skipped: plan.skipped,
    },
    counts: countsView(counts),
    readings,
    rows: shown.map(({ row, ...more }) => ({ ...importedRowView(row), ...more })),
    mistakes: mistakes.map(importedRowView),
  };
}

function countsView(counts: ImportCounts): z.infer<typeof Counts> {
  const all = RESULTS.map((result) => [result, counts[result] ?? 0] as const);
  return Object.fromEntries(all) as z.infer<typeof Counts>;
}
