import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { keyIdOf } from '../../../credentials/secret-box.ts';
import { newId } from '../../../db/ids.ts';
import { inTransaction } from '../../../db/transaction.ts';
import {
  deleteMetricSource,
  getMetricSource,
  insertMetricSource,
  type MetricSourceWithHealth,
  pageMetricSources,
} from '../../../db/workspace/metric-sources.ts';
import { requireRoom } from '../../../db/workspace/quotas.ts';
import { isTimeZone } from '../../../time/zoned-time.ts';
import { sealedFor } from '../../accounts/account-change.ts';
import {
  changeMetricSource,
  readSourceInput,
  requireAccounts,
  SourceCredentials,
} from '../../accounts/metric-source-change.ts';
import {
  checkMetricSource,
  checkTargetOf,
  SourceCheck,
} from '../../accounts/metric-source-check.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound, problems } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import {
  additionAnswers,
  answers,
  changeAnswers,
  pageAnswers,
  pageView,
  recordAnswers,
  removalAnswers,
} from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const maybeInstant = InstantText.nullable();

const SourceHealth = z
  .object({
    lastSuccessAt: maybeInstant,
    failures: z.int().describe('in a row'),
    failingSince: maybeInstant,
    lastFailureAt: maybeInstant,
    lastFailure: z.string().nullable(),
    refusedAt: maybeInstant.describe(
      'when it refused the credentials: it is not asked again before there are others',
    ),
    quietUntil: maybeInstant.describe('the source asked for silence'),
  })
  .meta({ id: 'MetricSourceHealth' });

const MetricSource = z
  .object({
    id: z.string(),
    kind: z.string().describe('which system it is: docs/sources.md'),
    name: z.string(),
    config: z.record(z.string(), z.unknown()).describe('of the kind; nothing in it is secret'),
    zone: z.string().describe('IANA zone in which the source counts its days'),
    sites: z.array(z.string()).describe('hosts of the pages that it knows; empty: all'),
    channelAccountIds: z.array(z.string()).describe('whose posts it is asked for; empty: all'),
    active: z.boolean(),
    state: z
      .enum(['active', 'paused', 'credentials_refused'])
      .describe('`paused` by a person; `credentials_refused` by the source'),
    hasCredentials: z.boolean(),
    credentialsKeyId: z
      .string()
      .nullable()
      .describe('id of the key that the stored credentials are encrypted with'),
    health: SourceHealth,
    lastCheck: z.object({ at: InstantText, detail: z.string() }).nullable(),
    createdAt: InstantText,
  })
  .meta({ id: 'MetricSource' });

const MOST_ACCOUNTS = 200;
const name = z.string().trim().min(1).max(200);
const zone = z
  .string()
  .min(1)
  .max(64)
  .refine(isTimeZone, 'is not an IANA time zone')
  .meta({ example: 'Europe/Paris' });
const site = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'is the host of a site, such as www.example.org');
const sites = z.array(site).max(100);
const channelAccountIds = z.array(z.string().min(1).max(64)).max(MOST_ACCOUNTS);
const config = z
  .record(z.string().max(64), z.unknown())
  .describe('as the kind takes it: docs/sources.md');
const { credentials } = SourceCredentials.shape;

const NewMetricSource = z
  .strictObject({
    kind: z.string().min(1).max(40),
    name,
    zone: zone.default('UTC'),
    sites: sites.default([]),
    channelAccountIds: channelAccountIds.default([]),
    config: config.default({}),
    credentials: credentials.default({}),
  })
  .meta({ id: 'NewMetricSource' });

const MetricSourceUpdate = z
  .strictObject({
    name,
    zone,
    sites,
    channelAccountIds,
    active: z.boolean(),
    config: config.describe(
      'replaces all of it; needs the credentials again, because they are sent where it says',
    ),
    credentials,
  })
  .partial()
  .meta({ id: 'MetricSourceUpdate', example: { active: false } });

const SourceParams = idParams('id of the connection', 'msr_01KAMJ5SQ0');

/** What a workspace may have. */
const MOST_SOURCES = 50;

const ROLES = ['admin', 'social_media_manager'] as const;
const TAG = 'Administration';

const listRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/metric-sources',
  operationId: 'listMetricSources',
  summary: 'Connections to systems that numbers come from, by kind and name',
  request: { query: z.strictObject({ kind: z.string().max(40).optional(), ...paging }) },
  responses: pageAnswers(MetricSource, 'A page of connections'),
});

const addRoute = createRoute({
  ...idempotent('post', TAG),
  middleware: forRoles(ROLES),
  path: '/v1/metric-sources',
  operationId: 'addMetricSource',
  summary: 'Connect a system that numbers come from (admin or social media manager)',
  request: { body: body(NewMetricSource) },
  responses: additionAnswers(MetricSource, 'Connected', 'forbidden', 'quota_exceeded'),
});

const readRoute = createRoute({
  ...withKey('get', TAG),
  path: '/v1/metric-sources/{id}',
  operationId: 'getMetricSource',
  summary: 'One connection, and how it goes with it',
  request: { params: SourceParams },
  responses: recordAnswers(MetricSource, 'The connection'),
});

const changeRoute = createRoute({
  ...withKey('patch', TAG),
  middleware: forRoles(ROLES),
  path: '/v1/metric-sources/{id}',
  operationId: 'changeMetricSource',
  summary: 'Change, pause or resume a connection; new credentials end a refusal',
  request: { params: SourceParams, body: body(MetricSourceUpdate) },
  responses: changeAnswers(MetricSource, 'As it is now', 'forbidden', 'not_found'),
});

const removeRoute = createRoute({
  ...withKey('delete', TAG),
  middleware: forRoles(ROLES),
  path: '/v1/metric-sources/{id}',
  operationId: 'removeMetricSource',
  summary: 'End a connection; what it supplied stays',
  request: { params: SourceParams },
  responses: removalAnswers('Ended', 'forbidden'),
});

const checkRoute = createRoute({
  ...withKey('post', TAG),
  middleware: forRoles(ROLES),
  path: '/v1/metric-sources/{id}/check',
  operationId: 'checkMetricSource',
  summary: 'Ask the source now whether its address and credentials are good',
  request: { params: SourceParams },
  responses: {
    200: answers(SourceCheck, 'What it said'),
    ...problems('unauthenticated', 'forbidden', 'not_found'),
  },
});

export function metricSourceRoutes(deps: Pick<ApiDeps, 'db' | 'secrets' | 'metricSources'>) {
  const { db, secrets, metricSources } = deps;

  async function find(key: { workspaceId: string; metricSourceId: string }) {
    const row = await getMetricSource(db, key);
    if (row === null) throw notFound('metrics source', key.metricSourceId);
    return row;
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await pageMetricSources(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, sourceView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const asked = c.req.valid('json');
      const read = readSourceInput(metricSources, asked.kind, asked);
      await requireAccounts(db, { workspaceId, ...asked });
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        await requireRoom(tx, { workspaceId, quota: 'metricSources', limit: MOST_SOURCES });
        const id = newId('metricSource');
        const row = await insertMetricSource(tx, {
          ...asked,
          id,
          workspaceId,
          config: read.config ?? {},
          credentials: sealedFor(secrets, id, read.credentials ?? null),
        });
        return sourceView({ ...row, health: null });
      });
      return c.json(answer, 201);
    })
    .openapi(readRoute, async (c) => {
      const row = await find(keyOf(c.get('caller'), c.req.valid('param')));
      return c.json(sourceView(row), 200);
    })
    .openapi(changeRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const change = c.req.valid('json');
      if (Object.keys(change).length === 0) {
        throw invalidRequest([{ path: '', message: 'names nothing to change' }]);
      }
      const row = await inTransaction(db, (tx) => changeMetricSource(tx, deps, key, change));
      return c.json(sourceView(row), 200);
    })
    .openapi(removeRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      if (await inTransaction(db, (tx) => deleteMetricSource(tx, key))) return c.body(null, 204);
      throw notFound('metrics source', key.metricSourceId);
    })
    .openapi(checkRoute, async (c) => {
      const row = await find(keyOf(c.get('caller'), c.req.valid('param')));
      return c.json(await checkMetricSource(deps, checkTargetOf(row)), 200);
    });
}

function keyOf({ workspaceId }: { workspaceId: string }, { id }: { id: string }) {
  return { workspaceId, metricSourceId: id };
}

function sourceView(row: MetricSourceWithHealth): z.infer<typeof MetricSource> {
  const { workspaceId: _, credentials, health, ...source } = row;
  return {
    ...source,
    state: stateOf(row),
    hasCredentials: credentials !== null,
    credentialsKeyId: credentials === null ? null : keyIdOf(credentials),
    health: {
      lastSuccessAt: health?.lastSuccessAt ?? null,
      failures: health?.failures ?? 0,
      failingSince: health?.failingSince ?? null,
      lastFailureAt: health?.lastFailureAt ?? null,
      lastFailure: health?.lastFailure ?? null,
      refusedAt: health?.refusedAt ?? null,
      quietUntil: health?.quietUntil ?? null,
    },
    lastCheck:
      health === null || health.checkedAt === null
        ? null
        : { at: health.checkedAt, detail: health.checkDetail ?? '' },
  };
}

function stateOf({ active, health }: MetricSourceWithHealth) {
  if (!active) return 'paused';
  return health !== null && health.refusedAt !== null ? 'credentials_refused' : 'active';
}
