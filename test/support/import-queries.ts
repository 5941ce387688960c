import type { Db } from '../../src/db/client.ts';
import * as pieces from '../../src/db/imports/pieces.ts';
import * as imports from '../../src/db/imports/reading-imports.ts';
import * as readings from '../../src/db/imports/readings.ts';
import * as turns from '../../src/db/imports/turns.ts';
import * as mappings from '../../src/db/workspace/csv-mappings.ts';
import { CsvMapping } from '../../src/domain/csv/mapping.ts';
import type { FilledWorkspace } from './filled-workspace.ts';

const MAPPING = 'csm_filled';
const IMPORT = 'imp_filled';
const PREVIEW = 'ipv_filled';
const body = CsvMapping.parse({
  match: [{ by: 'url', headers: ['Post link'] }],
  measures: [{ measure: 'impressions', headers: ['Impressions'] }],
});

/** A mapping, an import that has stored a row, and a preview. */
export async function fillImports(db: Db, { own: workspaceId, ids }: FilledWorkspace) {
  const { memberId: createdBy } = ids;
  await mappings.insertCsvMapping(db, {
    id: MAPPING,
    workspaceId,
    name: 'Filled',
    body,
    createdBy,
  });
  await turns.beginPreview(db, { workspaceId, previewId: PREVIEW, limit: 9 });
  await turns.beginImport(db, { id: IMPORT, workspaceId, mapping: MAPPING, createdBy, limit: 9 });
  const key = { workspaceId, importId: IMPORT };
  const row = { line: 2, result: 'stored' as const };
  await imports.keepImportedRows(db, { ...key, lastLine: 2, rows: [row], counts: {}, readings: 1 });
}

/** Every query about imports, on what is the filled workspace's own. */
export function importAttempts(
  db: Db,
  { own: workspaceId, ids }: FilledWorkspace,
): Record<string, () => Promise<unknown>> {
  const { itemId, memberId: createdBy } = ids;
  const mapping = { workspaceId, csvMappingId: MAPPING };
  const key = { workspaceId, importId: IMPORT };
  const preview = { workspaceId, previewId: PREVIEW };
  const reading = {
    id: 'rdg_stolen',
    itemId,
    publicationId: null,
    measure: 'impressions' as const,
    value: 1,
    asOf: '2026-03-02T08:00:00.000Z',
    key: 'csv:stolen',
  };
  const named = { id: 'x_stolen', workspaceId, name: 'stolen', body, mapping: 'x', createdBy };
  return {
    insertCsvMapping: () => mappings.insertCsvMapping(db, named),
    getCsvMapping: () => mappings.getCsvMapping(db, mapping),
    pageCsvMappings: () => mappings.pageCsvMappings(db, { workspaceId }),
    replaceCsvMapping: () => mappings.replaceCsvMapping(db, { ...mapping, name: 'stolen', body }),
    deleteCsvMapping: () => mappings.deleteCsvMapping(db, mapping),
    beginImport: () => turns.beginImport(db, { ...named, limit: 9 }),
    noteImport: () => turns.noteImport(db, key),
    endImport: () => turns.endImport(db, { ...key, failure: 'stolen' }),
    beginPreview: () => turns.beginPreview(db, { workspaceId, previewId: 'ipv_stolen', limit: 9 }),
    notePreview: () => turns.notePreview(db, preview),
    endPreview: () => turns.endPreview(db, preview),
    storeImportedReadings: async () => {
      const batch = { workspaceId, createdBy, checkpoint: null, readings: [reading] };
      return [...((await readings.storeImportedReadings(db, batch)) ?? ['all'])];
    },
    findStoredKeys: async () => [
      ...(await readings.findStoredKeys(db, { workspaceId, keys: ['csv:stolen'] })),
    ],
    findOtherReadings: () =>
      readings.findOtherReadings(db, { workspaceId, readings: [{ ...reading, value: 2 }] }),
    keepImportedRows: () =>
      imports.keepImportedRows(db, { ...key, lastLine: 3, rows: [], counts: {}, readings: 2 }),
    getReadingImport: () => imports.getReadingImport(db, key),
    listReadingImports: () => imports.listReadingImports(db, { workspaceId }),
    readImportedRows: async () => {
      const blocks: unknown[] = [];
      for await (const block of imports.readImportedRows(db, { ...key, line: 0 }))
        blocks.push(block);
      return blocks;
    },
    findPieces: () =>
      pieces.findPieces(db, { workspaceId, by: 'page', refs: ['https://x.example'] }),
  };
}
