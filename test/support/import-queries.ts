import type { Db } from '../../src/db/client.ts';
import * as pieces from '../../src/db/imports/pieces.ts';
import * as imports from '../../src/db/imports/reading-imports.ts';
import * as readings from '../../src/db/imports/readings.ts';
import * as turns from '../../src/db/imports/turns.ts';
import { saveBrief } from '../../src/db/item/versions.ts';
import * as mappings from '../../src/db/workspace/csv-mappings.ts';
import { CsvMapping, type MatchKind } from '../../src/domain/csv/mapping.ts';
import type { Brief } from '../../src/domain/item/content/brief.ts';
import { digestBrief } from '../../src/domain/item/content/digests.ts';
import { makeItem } from './db-fixture.ts';
import { collected, type FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

const MAPPING = 'csm_filled';
const IMPORT = 'imp_filled';
const PREVIEW = 'ipv_filled';
const body = CsvMapping.parse({
  match: [{ by: 'url', headers: ['Post link'] }],
  measures: [{ measure: 'impressions', headers: ['Impressions'] }],
});

const PAGE = 'https://shop.example/bread';
/** As it is stored; `key` is of what it says. */
const READING = {
  id: 'rdg_filled',
  publicationId: null,
  measure: 'impressions' as const,
  value: 1,
  asOf: '2026-03-02T08:00:00.000Z',
  key: 'csv:filled',
};

/** A mapping, an import that has stored a row and its reading, a preview, and a piece that calls to a page. */
export async function fillImports(db: Db, { own: workspaceId, ids }: FilledWorkspace) {
  const { memberId: createdBy, itemId } = ids;
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
  const batch = { workspaceId, createdBy, checkpoint: null, readings: [{ ...READING, itemId }] };
  await readings.storeImportedReadings(db, batch);
  await imports.keepImportedRows(db, { ...key, lastLine: 2, rows: [row], counts: {}, readings: 1 });
  const workspace = { workspaceId, memberOf: () => createdBy };
  const piece = await makeItem(db, workspace);
  const brief: Brief = { callToAction: { text: 'Buy', url: PAGE } };
  const digest = digestBrief(brief, 1);
  await saveBrief(db, {
    workspaceId,
    itemId: piece.id,
    hash: digest.hash,
    body: brief,
    authorId: createdBy,
  });
  await db.$client.query(
    `update items set snapshot = jsonb_set(snapshot, '{context,brief}', $2) where id = $1`,
    [piece.id, JSON.stringify(digest)],
  );
}

/** Each query about imports, asked by a workspace. */
export function importReads(db: Db, { ids }: FilledWorkspace): Record<string, Read> {
  const { itemId } = ids;
  const of = (workspaceId: string) => ({ workspaceId, importId: IMPORT });
  const other = { ...READING, itemId, value: 2 };
  const refs = [`pub_out_${itemId}`, 'post_1', PAGE];
  const pieceBy =
    (by: MatchKind): Read =>
    (workspaceId) =>
      pieces.findPieces(db, { workspaceId, by, refs });
  return {
    getCsvMapping: (workspaceId) =>
      mappings.getCsvMapping(db, { workspaceId, csvMappingId: MAPPING }),
    pageCsvMappings: (workspaceId) => mappings.pageCsvMappings(db, { workspaceId }),
    findStoredKeys: async (workspaceId) => [
      ...(await readings.findStoredKeys(db, { workspaceId, keys: [READING.key] })),
    ],
    findOtherReadings: (workspaceId) =>
      readings.findOtherReadings(db, { workspaceId, readings: [other] }),
    getReadingImport: (id) => imports.getReadingImport(db, of(id)),
    listReadingImports: (workspaceId) => imports.listReadingImports(db, { workspaceId }),
    readImportedRows: (id) => collected(imports.readImportedRows(db, { ...of(id), line: 0 })),
    findPieces: pieceBy('page'),
    findPiecesById: pieceBy('publication_id'),
    findPiecesByPost: pieceBy('remote_id'),
  };
}

/** The same with what changes them, on what is the filled workspace's own. */
export function importAttempts(
  db: Db,
  filled: FilledWorkspace,
): Record<string, () => Promise<unknown>> {
  const { own: workspaceId, ids } = filled;
  const { itemId, memberId: createdBy } = ids;
  const mapping = { workspaceId, csvMappingId: MAPPING };
  const key = { workspaceId, importId: IMPORT };
  const preview = { workspaceId, previewId: PREVIEW };
  const stolen = { ...READING, id: 'rdg_stolen', itemId, key: 'csv:stolen' };
  const named = { id: 'x_stolen', workspaceId, name: 'stolen', body, mapping: 'x', createdBy };
  return {
    ...attemptsOf(importReads(db, filled), key),
    insertCsvMapping: () => mappings.insertCsvMapping(db, named),
    replaceCsvMapping: () => mappings.replaceCsvMapping(db, { ...mapping, name: 'stolen', body }),
    deleteCsvMapping: () => mappings.deleteCsvMapping(db, mapping),
    beginImport: () => turns.beginImport(db, { ...named, limit: 9 }),
    noteImport: () => turns.noteImport(db, key),
    endImport: () => turns.endImport(db, { ...key, failure: 'stolen' }),
    beginPreview: () => turns.beginPreview(db, { workspaceId, previewId: 'ipv_stolen', limit: 9 }),
    notePreview: () => turns.notePreview(db, preview),
    endPreview: () => turns.endPreview(db, preview),
    storeImportedReadings: async () => {
      const batch = { workspaceId, createdBy, checkpoint: null, readings: [stolen] };
      return [...((await readings.storeImportedReadings(db, batch)) ?? ['all'])];
    },
    keepImportedRows: () =>
      imports.keepImportedRows(db, { ...key, lastLine: 3, rows: [], counts: {}, readings: 2 }),
  };
}
