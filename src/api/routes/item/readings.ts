import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getItem } from '../../../db/item/items.ts';
import { listReadings } from '../../../db/item/readings.ts';
import { MeasureId, ReadingCheckpoint, ReadingInput } from '../../../domain/kpi/measures.ts';
import { OWNER_ROLES } from '../../../domain/people/roles.ts';
import { runInThread, WorkRefused } from '../../../threads/threads.ts';
import { createTurnstile } from '../../../threads/turnstile.ts';
import type { ApiDeps } from '../../deps.ts';
import { READING_EXAMPLE } from '../../examples.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { readBody } from '../../gates/read-body.ts';
import { mediaTypeOf, requireUtf8 } from '../../gates/request-body.ts';
import { forRoles } from '../../gates/require-role.ts';
import { READINGS_FILE } from '../../readings/file.ts';
import { MAX_IMPORTED } from '../../readings/import.ts';
import { readingView, StoredReading } from '../../readings/reading-view.ts';
import { checkReadings, MAX_AT_ONCE, storeReadings } from '../../readings/store.ts';
import { additionAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import { ItemParams, idempotent, paging, withKey } from '../../route-parts.ts';

/** How many stored readings an answer repeats. */
const MAX_SHOWN = 200;
const IMPORT_TIMEOUT_MS = 120_000;
/** Files of one workspace that are held in memory at the same time. */
const IMPORTS_AT_ONCE = 2;
const IMPORT_TURN_WITHIN_MS = 10_000;

const ReadingsStored = z
  .object({
    count: z.int(),
    items: z.array(StoredReading).describe(`the first ${MAX_SHOWN} of them`),
  })
  .meta({ id: 'ReadingsStored' });

const listRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/items/{id}/readings',
  operationId: 'listReadings',
  summary: 'Readings of the item, latest `asOf` first',
  request: {
    params: ItemParams,
    query: z.strictObject({
      measure: MeasureId.optional(),
      checkpoint: ReadingCheckpoint.optional(),
      ...paging,
    }),
  },
  responses: pageAnswers(StoredReading, 'A page of readings', 'not_found'),
});

const addRoute = createRoute({
  ...idempotent('post', 'KPI review'),
  middleware: forRoles([...OWNER_ROLES, 'admin']),
  path: '/v1/items/{id}/readings',
  operationId: 'addReadings',
  summary: 'State readings by hand, one or many, or import a CSV file',
  description: `All or none are stored. Readings are never changed: a later \`asOf\` counts, and none lies in the future. A CSV file (\`text/csv\` in UTF-8, at most ${MAX_IMPORTED} rows) names its columns in the first row: measure, value, asOf, and any of publicationId, channelAccountId, checkpoint, source, provisional. A number or date that can be read in two ways is refused with both; issues are grouped by kind, with a \`count\`.`,
  request: {
    params: ItemParams,
    body: {
      content: {
        'application/json': {
          schema: z.union([ReadingInput, z.array(ReadingInput).min(1).max(MAX_AT_ONCE)]),
          example: READING_EXAMPLE,
        },
        'text/csv': {
          schema: z.string().meta({
            example: 'measure,value,checkpoint,asOf\nimpressions,12000,+24h,2026-03-02T08:00:00Z\n',
          }),
        },
      },
    },
  },
  responses: additionAnswers(ReadingsStored, 'Stored', 'forbidden', 'not_found'),
});

export function readingRoutes(deps: Pick<ApiDeps, 'db' | 'engine' | 'settings'>) {
  const { db, engine } = deps;

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { workspaceId } = c.get('caller');
      const item = await getItem(db, { workspaceId, itemId });
      if (item === null) throw notFound('item', itemId);
      const page = await listReadings(db, { workspaceId, itemId, ...c.req.valid('query') });
      return c.json(pageView(page, readingView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const { id: itemId } = c.req.valid('param');
      const item = await getItem(db, { workspaceId, itemId });
      if (item === null) throw notFound('item', itemId);
      const { readings, lines } = await readingsOf(c, deps.settings, c.req.valid('json'));
      const placeOf = (index: number) => (lines === null ? `${index}` : `line ${lines[index]}`);
      await checkReadings(db, { item, readings, placeOf });
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const rows = await storeReadings(tx, {
          workspaceId,
          itemId,
          createdBy: memberId,
          readings,
        });
        const items = rows.slice(0, MAX_SHOWN).map(readingView);
        return { count: rows.length, items };
      });
      const publicationIds = [...new Set(readings.map((one) => one.publicationId ?? null))];
      await engine.tellReadings({ itemId, publicationIds });
      return c.json(answer, 201);
    });
}

const imports = createTurnstile(IMPORTS_AT_ONCE);

/** `lines` are those of a CSV file, null for JSON. */
async function readingsOf(
  c: ApiContext,
  { limits }: ApiDeps['settings'],
  json: ReadingInput | ReadingInput[] | string,
): Promise<{ readings: ReadingInput[]; lines: number[] | null }> {
  const contentType = c.req.header('content-type');
  if (mediaTypeOf(contentType) !== 'text/csv' && typeof json !== 'string') {
    return { readings: Array.isArray(json) ? json : [json], lines: null };
  }
  requireUtf8(contentType);
  const { workspaceId } = c.get('caller');
  const leave = await imports.enter(workspaceId, IMPORT_TURN_WITHIN_MS);
  if (leave === null) throw new WorkRefused('busy');
  try {
    const bytes = await readBody(c.req.raw, {
      maxBytes: limits.importBytes,
      timeoutMs: IMPORT_TIMEOUT_MS,
    });
    const file = await runInThread(READINGS_FILE, { bytes }, { workspaceId });
    if ('issues' in file) throw new ApiError('invalid_request', file);
    c.set('body', { csv: file.hash });
    return { readings: file.readings, lines: file.lines };
  } finally {
    leave();
  }
}
