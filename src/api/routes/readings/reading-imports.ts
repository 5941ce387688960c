import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Db } from '../../../db/client.ts';
import {
  getReadingImport,
  listReadingImports,
  readImportedRows,
} from '../../../db/imports/reading-imports.ts';
import { decodeSeqCursor, encodeCursor, pageLimit } from '../../../db/paging.ts';
import { getCsvMapping } from '../../../db/workspace/csv-mappings.ts';
import { getWorkspace } from '../../../db/workspace/workspaces.ts';
import type { CsvMapping } from '../../../domain/csv/mapping.ts';
import type { ImportedRow } from '../../../domain/csv/row-result.ts';
import { Instant } from '../../../domain/instant.ts';
import { ReadingCheckpoint } from '../../../domain/kpi/measures.ts';
import { IMPORTER_ROLES } from '../../../domain/people/roles.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound, problems } from '../../gates/errors.ts';
import { bodyChunks } from '../../gates/read-body.ts';
import { requireType } from '../../gates/request-body.ts';
import { forRoles } from '../../gates/require-role.ts';
import { importFile } from '../../imports/import-file.ts';
import { previewFile } from '../../imports/preview-file.ts';
import { MOST_ROWS } from '../../imports/read-file.ts';
import { shippedMapping } from '../../imports/shipped/shipped.ts';
import { IMPORTS_AT_ONCE } from '../../imports/turn.ts';
import {
  ImportedRowView,
  ImportPreview,
  ImportResultFilter,
  importedRowView,
  importView,
  previewView,
  ReadingImport,
} from '../../imports/views.ts';
import { answers, pageAnswers, pageView, recordAnswers } from '../../route-answers.ts';
import { idParams, paging, withKey } from '../../route-parts.ts';

/** Below what the server gives a request. */
const UPLOAD_TIMEOUT_MS = 9 * 60_000;
const TAG = 'KPI review';
const ImportParams = idParams('id of the import', 'imp_01KAMJ5SQ0');

const importRoute = createRoute({
  ...withKey('post', TAG),
  middleware: forRoles(IMPORTER_ROLES),
  path: '/v1/readings/imports',
  operationId: 'importReadings',
  summary:
    'Import the export of a tool: readings of many pieces (strategist, social media manager)',
  description: `The body is CSV in UTF-8, at most ${MOST_ROWS} rows, and is read as it arrives. With \`dryRun=true\` the answer says what it would do, and nothing is stored. A row with a mistake stores nothing, the others are stored. The same row again changes nothing. A workspace imports ${IMPORTS_AT_ONCE} files at once, previews among them.`,
  request: {
    query: z.strictObject({
      mapping: z
        .string()
        .min(1)
        .max(100)
        .meta({ description: 'id of a shipped mapping, or of one of the workspace' }),
      asOf: Instant.optional().describe(
        'when the numbers were true, where the file does not say it',
      ),
      checkpoint: ReadingCheckpoint.optional(),
      dryRun: z.enum(['true', 'false']).default('false'),
    }),
    body: {
      content: {
        'text/csv': {
          schema: z.string().meta({ example: 'Post id,Impressions\n1850000000000000001,12000\n' }),
        },
      },
    },
  },
  responses: {
    200: answers(ImportPreview, 'What it would do'),
    201: answers(ReadingImport, 'Imported'),
    ...problems(
      'invalid_request',
      'unauthenticated',
      'forbidden',
      'not_found',
      'request_timeout',
      'payload_too_large',
      'unsupported_media_type',
      'rate_limited',
      'unavailable',
    ),
  },
});

const listRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/readings/imports',
  operationId: 'listReadingImports',
  summary: 'Imports of exports, latest first',
  request: { query: z.strictObject({ ...paging }) },
  responses: pageAnswers(ReadingImport, 'A page of imports'),
});

const readRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/readings/imports/{id}',
  operationId: 'getReadingImport',
  summary: 'One import, and how far it is',
  request: { params: ImportParams },
  responses: recordAnswers(ReadingImport, 'The import'),
});

const rowsRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/readings/imports/{id}/rows',
  operationId: 'listImportedRows',
  summary: 'What became of each row of an import, in the order of the file',
  request: {
    params: ImportParams,
    query: z.strictObject({ result: ImportResultFilter.optional(), ...paging }),
  },
  responses: pageAnswers(ImportedRowView, 'A page of rows', 'not_found'),
});

export function readingImportRoutes(deps: Pick<ApiDeps, 'db' | 'engine' | 'settings'>) {
  const { db, settings } = deps;

  async function find(workspaceId: string, importId: string) {
    const row = await getReadingImport(db, { workspaceId, importId });
    if (row === null) throw notFound('import', importId);
    return row;
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(importRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const { mapping: mappingId, asOf, checkpoint = null, dryRun } = c.req.valid('query');
      requireType('text/csv', c.req.header('content-type'));
      const mapping = await findMapping(db, workspaceId, mappingId);
      const order = {
        workspaceId,
        memberId,
        mappingId,
        mapping,
        // One instant is one text: the keys of readings are made of it.
        asOf: asOf === undefined ? null : new Date(asOf).toISOString(),
        checkpoint,
        zone: (await getWorkspace(db, { workspaceId }))?.calendar.zone ?? 'UTC',
        chunks: bodyChunks(c.req.raw, {
          maxBytes: settings.limits.exportFileBytes,
          timeoutMs: UPLOAD_TIMEOUT_MS,
        }),
      };
      if (dryRun === 'true') return c.json(previewView(await previewFile(db, order)), 200);
      const importId = await importFile(deps, order);
      return c.json(importView(await find(workspaceId, importId)), 201);
    })
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listReadingImports(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, importView), 200);
    })
    .openapi(readRoute, async (c) => {
      const row = await find(c.get('caller').workspaceId, c.req.valid('param').id);
      return c.json(importView(row), 200);
    })
    .openapi(rowsRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: importId } = c.req.valid('param');
      await find(workspaceId, importId);
      const { cursor, result, ...request } = c.req.valid('query');
      const line = cursor === undefined ? 0 : decodeSeqCursor(cursor);
      const limit = pageLimit(request);
      const rows: ImportedRow[] = [];
      for await (const block of readImportedRows(db, { workspaceId, importId, line })) {
        const wanted = block.filter(
          (row) => row.line > line && (result === undefined || row.result === result),
        );
        rows.push(...wanted.slice(0, limit + 1 - rows.length));
        if (rows.length > limit) break;
      }
      const items = rows.slice(0, limit).map(importedRowView);
      const last = items.at(-1);
      const isMore = rows.length > limit && last !== undefined;
      return c.json({ items, nextCursor: isMore ? encodeCursor([last.line]) : null }, 200);
    });
}

async function findMapping(db: Db, workspaceId: string, id: string): Promise<CsvMapping> {
  const shipped = shippedMapping(id);
  if (shipped !== null) return shipped.mapping;
  const own = await getCsvMapping(db, { workspaceId, csvMappingId: id });
  if (own !== null) return own.body;
  const message = 'is no shipped mapping and none of this workspace';
  throw invalidRequest([{ path: 'mapping', in: 'query', message }]);
}
