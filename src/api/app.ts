import { OpenAPIHono } from '@hono/zod-openapi';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { ExtractSchema } from 'hono/types';
import type { UnionToIntersection } from 'hono/utils/types';
import { ulid } from 'ulid';
import { ID_PREFIXES } from '../domain/ids.ts';
import { contextOf, inSpan } from '../health/span.ts';
import type { ApiDeps } from './deps.ts';
import { createMethodFinder } from './gates/allowed-methods.ts';
import { authenticate, createLimits } from './gates/authenticate.ts';
import { refuseWithoutRight } from './gates/command-rights.ts';
import { type ApiEnv, routeOf } from './gates/context.ts';
import { ApiError, invalidRequest } from './gates/errors.ts';
import { createKeyFinder, firstAnswers } from './gates/first-answers.ts';
import { idempotencyKey } from './gates/idempotency.ts';
import { problemResponse, validationProblem } from './gates/problem-response.ts';
import { requestBody } from './gates/request-body.ts';
import { openApiDocument } from './openapi.ts';
import { approveRoutes } from './routes/approve.ts';
import { auditRoutes } from './routes/audit.ts';
import { blackoutRoutes } from './routes/calendar/blackouts.ts';
import { calendarRoutes } from './routes/calendar/calendar.ts';
import { calendarFeedRoutes } from './routes/calendar/calendar-feeds.ts';
import { channelSlotRoutes } from './routes/calendar/channel-slots.ts';
import { freezeRoutes } from './routes/calendar/freeze.ts';
import { campaignActRoutes } from './routes/campaign/campaign-acts.ts';
import { campaignItemRoutes } from './routes/campaign/campaign-items.ts';
import { campaignProgressRoutes } from './routes/campaign/campaign-progress.ts';
import { campaignReviewRoutes } from './routes/campaign/campaign-review.ts';
import { campaignRoutes } from './routes/campaign/campaigns.ts';
import { checkpointRoutes } from './routes/checkpoints.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { inboxRoutes } from './routes/inbox.ts';
import { approvalLinkRoutes } from './routes/item/approval-links.ts';
import { approvalRoutes } from './routes/item/approvals.ts';
import { auditPackRoutes } from './routes/item/audit-pack.ts';
import { commandRoutes } from './routes/item/commands.ts';
import { commentRoutes } from './routes/item/comments.ts';
import { handoffRoutes } from './routes/item/handoffs.ts';
import { itemLinkRoutes } from './routes/item/item-links.ts';
import { itemStateRoutes } from './routes/item/item-state.ts';
import { itemVersionRoutes } from './routes/item/item-versions.ts';
import { itemRoutes } from './routes/item/items.ts';
import { kpiAddendumRoutes } from './routes/item/kpi-addenda.ts';
import { kpiReviewRoutes } from './routes/item/kpi-review.ts';
import { publicationRoutes } from './routes/item/publications.ts';
import { readingRoutes } from './routes/item/readings.ts';
import { scheduleRoutes } from './routes/item/schedule.ts';
import { kpiRoutes } from './routes/kpis.ts';
import { learningRoutes } from './routes/learnings.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { csvMappingRoutes } from './routes/readings/csv-mappings.ts';
import { readingImportRoutes } from './routes/readings/reading-imports.ts';
import { redirectRoutes } from './routes/redirect.ts';
import { reportRoutes } from './routes/reports.ts';
import { roleRoutes } from './routes/roles.ts';
import { notificationRoutes } from './routes/telling/notifications.ts';
import { preferenceRoutes } from './routes/telling/preferences.ts';
import { timeTravelRoutes } from './routes/time-travel.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { administrativeActRoutes } from './routes/workspace/administrative-acts.ts';
import { apiKeyRoutes } from './routes/workspace/api-keys.ts';
import { assetRoutes } from './routes/workspace/assets.ts';
import { channelAccountRoutes } from './routes/workspace/channel-accounts.ts';
import { memberRoutes } from './routes/workspace/members.ts';
import { metricSourceRoutes } from './routes/workspace/metric-sources.ts';
import { playbookRoutes } from './routes/workspace/playbooks.ts';
import { webhookDeliveryRoutes } from './routes/workspace/webhook-deliveries.ts';
import { webhookEndpointRoutes } from './routes/workspace/webhook-endpoints.ts';
import { webhookSubscriptionRoutes } from './routes/workspace/webhook-subscriptions.ts';

/** All routes but the documents, in the order in which they are asked. */
const ROUTES = [
  healthRoutes,
  metricsRoutes,
  itemRoutes,
  itemVersionRoutes,
  handoffRoutes,
  approvalRoutes,
  approvalLinkRoutes,
  approveRoutes,
  redirectRoutes,
  scheduleRoutes,
  publicationRoutes,
  itemLinkRoutes,
  itemStateRoutes,
  readingRoutes,
  kpiReviewRoutes,
  kpiAddendumRoutes,
  campaignRoutes,
  commentRoutes,
  commandRoutes,
  auditPackRoutes,
  assetRoutes,
  inboxRoutes,
  auditRoutes,
  administrativeActRoutes,
  checkpointRoutes,
  roleRoutes,
  memberRoutes,
  apiKeyRoutes,
  playbookRoutes,
  channelAccountRoutes,
  channelSlotRoutes,
  calendarRoutes,
  calendarFeedRoutes,
  blackoutRoutes,
  freezeRoutes,
  webhookEndpointRoutes,
  webhookSubscriptionRoutes,
  webhookDeliveryRoutes,
  webhookRoutes,
  notificationRoutes,
  preferenceRoutes,
  timeTravelRoutes,
  metricSourceRoutes,
  campaignActRoutes,
  campaignItemRoutes,
  campaignProgressRoutes,
  campaignReviewRoutes,
  learningRoutes,
  kpiRoutes,
  csvMappingRoutes,
  readingImportRoutes,
  reportRoutes,
] as const;

/** What the routes take and answer, put together by name: written out, the compiler finds it too long. */
type AppSchema = UnionToIntersection<ExtractSchema<ReturnType<(typeof ROUTES)[number]>>>;

/**
 * The HTTP API. Every request passes the same gates in the same order: request id, headers, who asks
 * and how often, idempotency key, body; only then a route runs. Errors become problems in one place.
 */
export function createApp(deps: ApiDeps): OpenAPIHono<ApiEnv, AppSchema> {
  const { log, settings } = deps;
  const limits = createLimits(deps);

  const app = new OpenAPIHono<ApiEnv>({
    defaultHook: async (result, c) => {
      if (result.success) return;
      if (result.target === 'json') await refuseWithoutRight(c, deps);
      throw validationProblem(result.error, result.target);
    },
  });
  app.onError((error, c) => problemResponse(error, c, log));
  app.use(requestId(), trace(), noteRequests(deps), apiHeaders(settings), refuseUnstorableUrl());
  app.use(authenticate(deps, limits), idempotencyKey(), requestBody(deps));
  app.use(firstAnswers(deps, createKeyFinder(app)));

  const docs = docsRoutes(() => openApiDocument(app));
  for (const routes of [docs, ...ROUTES.map((create) => create(deps, limits))]) {
    app.route('/', routes);
  }

  const methodsOf = createMethodFinder(app);
  app.notFound((c) => {
    const methods = methodsOf(c.req.path);
    const error =
      methods.length === 0
        ? new ApiError('not_found', { detail: 'there is no such path' })
        : new ApiError('method_not_allowed', {
            detail: `this path takes ${methods.join(', ')}`,
            headers: { Allow: methods.join(', ') },
          });
    return problemResponse(error, c, log);
  });
  return app as OpenAPIHono<ApiEnv, AppSchema>;
}

/** What the typed client is made from. */
export type AppType = ReturnType<typeof createApp>;

const INBOUND_ID = /^[\w-]{8,64}$/;

function requestId(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const inbound = c.req.header('x-request-id') ?? '';
    const id = INBOUND_ID.test(inbound) ? inbound : `${ID_PREFIXES.request}_${ulid()}`;
    c.set('requestId', id);
    c.header('X-Request-Id', id);
    return next();
  };
}

/** A request goes on in the trace of its caller, where that has one. */
function trace(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const route = routeOf(c);
    if (route !== null && QUIET_ROUTES.has(route)) return next();
    const parent = contextOf({
      traceparent: c.req.header('traceparent'),
      tracestate: c.req.header('tracestate'),
    });
    const attributes = {
      'http.request.method': c.req.method,
      'baton.request_id': c.get('requestId'),
    };
    const start = { kind: SpanKind.SERVER, attributes, parent };
    await inSpan(route ?? c.req.method, start, async (span) => {
      await next();
      span.setAttribute('http.response.status_code', c.res.status);
      if (c.res.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    });
  };
}

/** Asked every second or so by machines. */
const QUIET_ROUTES: ReadonlySet<string> = new Set(['GET /healthz', 'GET /readyz', 'GET /metrics']);

/**
 * One line per request, and its metrics: the route's pattern, never its path or query, which may hold
 * secrets.
 */
function noteRequests({ log, meters }: Pick<ApiDeps, 'log' | 'meters'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const start = performance.now();
    await next();
    const route = routeOf(c);
    const ms = performance.now() - start;
    meters.noteRequest({ route, status: c.res.status, ms });
    if (route !== null && QUIET_ROUTES.has(route)) return;
    const caller: ApiEnv['Variables']['caller'] | undefined = c.get('caller');
    log.info(
      {
        requestId: c.get('requestId'),
        method: c.req.method,
        route,
        status: c.res.status,
        ms: Math.round(ms),
        workspaceId: caller?.workspaceId,
        memberId: caller?.memberId,
        apiKeyId: caller?.apiKeyId,
      },
      'request',
    );
  };
}

function apiHeaders({
  behindTlsProxy,
}: Pick<ApiDeps['settings'], 'behindTlsProxy'>): MiddlewareHandler<ApiEnv> {
  const secure = secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    xFrameOptions: 'DENY',
    strictTransportSecurity: behindTlsProxy,
    // A page or a file states a policy of its own.
    overwrite: false,
  });
  return async (c, next) => {
    await secure(c, next);
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  };
}

/** PostgreSQL text holds no NUL, so no id or search that has one can ever match. */
function refuseUnstorableUrl(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (/%00/.test(c.req.url)) {
      throw invalidRequest([{ path: '', in: 'path', message: 'holds a NUL character' }]);
    }
    return next();
  };
}
