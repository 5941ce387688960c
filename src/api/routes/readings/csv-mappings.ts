import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { newId } from '../../../db/ids.ts';
import { inTransaction } from '../../../db/transaction.ts';
import {
  type CsvMappingRow,
  deleteCsvMapping,
  getCsvMapping,
  insertCsvMapping,
  pageCsvMappings,
  replaceCsvMapping,
} from '../../../db/workspace/csv-mappings.ts';
import { requireRoom } from '../../../db/workspace/quotas.ts';
import { CsvMapping } from '../../../domain/csv/mapping.ts';
import { IMPORTER_ROLES } from '../../../domain/people/roles.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { SHIPPED_MAPPINGS } from '../../imports/shipped/shipped.ts';
import {
  additionAnswers,
  changeAnswers,
  pageAnswers,
  pageView,
  recordAnswers,
  removalAnswers,
} from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const StoredMapping = z
  .object({
    id: z.string(),
    name: z.string(),
    mapping: CsvMapping,
    createdBy: z.string(),
    createdAt: InstantText,
    changedAt: InstantText,
  })
  .meta({ id: 'StoredCsvMapping' });

const NewMapping = z
  .strictObject({ name: z.string().trim().min(1).max(100), mapping: CsvMapping })
  .meta({ id: 'NewCsvMapping' });

const ShippedMappings = z
  .object({
    items: z.array(
      z.object({
        id: z.string().describe('named in `mapping` of an import'),
        title: z.string(),
        exportedBy: z.string(),
        sources: z.array(z.string()).describe('where its headers are from'),
        checkedOn: z.string().describe('the day its headers are of: exports change'),
        mapping: CsvMapping,
      }),
    ),
    nextCursor: z.null(),
  })
  .meta({ id: 'ShippedCsvMappings' });

const MappingParams = idParams('id of the mapping', 'csm_01KAMJ5SQ0');
/** What a workspace may have. */
const MOST_MAPPINGS = 100;
const TAG = 'KPI review';

const shippedRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/csv-mappings/shipped',
  operationId: 'listShippedCsvMappings',
  summary: 'Mappings of exports that many have',
  responses: recordAnswers(ShippedMappings, 'All of them'),
});

const listRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/csv-mappings',
  operationId: 'listCsvMappings',
  summary: 'Mappings of the workspace, by name',
  request: { query: z.strictObject({ ...paging }) },
  responses: pageAnswers(StoredMapping, 'A page of mappings'),
});

const addRoute = createRoute({
  ...idempotent('post', TAG),
  middleware: forRoles(IMPORTER_ROLES),
  path: '/v1/csv-mappings',
  operationId: 'addCsvMapping',
  summary: 'Say how the columns of an export are read',
  request: { body: body(NewMapping) },
  responses: additionAnswers(StoredMapping, 'Kept', 'forbidden', 'quota_exceeded'),
});

const readRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/csv-mappings/{id}',
  operationId: 'getCsvMapping',
  summary: 'One mapping of the workspace',
  request: { params: MappingParams },
  responses: recordAnswers(StoredMapping, 'The mapping'),
});

const replaceRoute = createRoute({
  ...idempotent('put', TAG),
  middleware: forRoles(IMPORTER_ROLES),
  path: '/v1/csv-mappings/{id}',
  operationId: 'replaceCsvMapping',
  summary: 'Replace a mapping; what was imported with it stays',
  request: { params: MappingParams, body: body(NewMapping) },
  responses: changeAnswers(StoredMapping, 'As it is now', 'forbidden', 'not_found'),
});

const removeRoute = createRoute({
  ...withKey('delete', TAG),
  middleware: forRoles(IMPORTER_ROLES),
  path: '/v1/csv-mappings/{id}',
  operationId: 'removeCsvMapping',
  summary: 'Remove a mapping; what was imported with it stays',
  request: { params: MappingParams },
  responses: removalAnswers('Removed', 'forbidden'),
});

export function csvMappingRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(shippedRoute, (c) => c.json({ items: [...SHIPPED_MAPPINGS], nextCursor: null }, 200))
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await pageCsvMappings(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, mappingView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId: createdBy } = c.get('caller');
      const { name, mapping } = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        await requireRoom(tx, { workspaceId, quota: 'csvMappings', limit: MOST_MAPPINGS });
        const id = newId('csvMapping');
        const row = await insertCsvMapping(tx, { id, workspaceId, name, body: mapping, createdBy });
        if (row === null) throw nameTaken(name);
        return mappingView(row);
      });
      return c.json(answer, 201);
    })
    .openapi(readRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const row = await getCsvMapping(db, key);
      if (row === null) throw notFound('CSV mapping', key.csvMappingId);
      return c.json(mappingView(row), 200);
    })
    .openapi(replaceRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const { name, mapping } = c.req.valid('json');
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const row = await replaceCsvMapping(tx, { ...key, name, body: mapping });
        if (row === null) throw notFound('CSV mapping', key.csvMappingId);
        if (row === 'taken') throw nameTaken(name);
        return mappingView(row);
      });
      return c.json(answer, 200);
    })
    .openapi(removeRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      if (await inTransaction(db, (tx) => deleteCsvMapping(tx, key))) return c.body(null, 204);
      throw notFound('CSV mapping', key.csvMappingId);
    });
}

function keyOf({ workspaceId }: { workspaceId: string }, { id }: { id: string }) {
  return { workspaceId, csvMappingId: id };
}

function nameTaken(name: string): ApiError {
  return new ApiError('conflict', { detail: `there is a mapping called ${JSON.stringify(name)}` });
}

function mappingView(row: CsvMappingRow): z.infer<typeof StoredMapping> {
  const { workspaceId: _, body: mapping, ...rest } = row;
  return { ...rest, mapping };
}
