/**
 * Google's token endpoint for service accounts, its Analytics Data API and Search Console, as their documents
 * describe them. State: {publicKey, email, epoch, expiresIn, property, timeZone, metadata, sessions: [{date,
 * content, engaged, views, keyEvents, user, downloads}], site, permission, incomplete, found: [{date, page,
 * impressions, clicks, position}]}; another `epoch` makes tokens of before void.
 */
import { createPublicKey, verify } from 'node:crypto';
import { serve } from './serve.mjs';

const SCOPES = {
  analytics: 'https://www.googleapis.com/auth/analytics.readonly',
  webmasters: 'https://www.googleapis.com/auth/webmasters.readonly',
};
const REPORT_KEYS = ['dateRanges', 'dimensions', 'metrics', 'dimensionFilter', 'limit', 'property'];
const FIELDS = ['sessionManualAdContent', 'eventName', 'date'];
const COUNTS = {
  sessions: (list) => list.length,
  engagedSessions: (list) => list.filter((one) => one.engaged).length,
  screenPageViews: (list) => sum(list, 'views'),
  keyEvents: (list) => sum(list, 'keyEvents'),
  totalUsers: (list) => new Set(list.map((one) => one.user)).size,
  eventCount: (list) => sum(list, 'downloads'),
};
const DAY = /^\d{4}-\d{2}-\d{2}$/;

serve(({ method, url, headers, body, state }) => {
  if (url.pathname === '/token') return grant(method, headers, body, state);
  const scope = url.pathname.startsWith('/webmasters/') ? SCOPES.webmasters : SCOPES.analytics;
  const token = headers.authorization?.replace('Bearer ', '') ?? '';
  if (!token.startsWith(`ya29.${state.epoch ?? 1}.`)) return refuse(401, 'UNAUTHENTICATED');
  if (!token.endsWith(`.${scope}`)) return refuse(403, 'PERMISSION_DENIED');
  const json = method === 'POST' && headers['content-type'] === 'application/json';
  if (method === 'POST' && !json) return refuse(400, 'INVALID_ARGUMENT', 'Invalid content type');
  return url.pathname.startsWith('/webmasters/')
    ? search(method, url, json ? JSON.parse(body) : null, state)
    : analytics(url, json ? JSON.parse(body) : null, state);
});

function grant(method, headers, body, { publicKey, email, epoch = 1, expiresIn = 3_599 }) {
  const form = new URLSearchParams(body);
  const wrong = (error, why) => ({ status: 400, body: { error, error_description: why } });
  if (method !== 'POST' || headers['content-type'] !== 'application/x-www-form-urlencoded') {
    return wrong('invalid_request', 'not a form');
  }
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
    return wrong('unsupported_grant_type', `Invalid grant_type: ${form.get('grant_type')}`);
  }
  const [head, claims, signature] = (form.get('assertion') ?? '').split('.');
  const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  const { iss, aud, iat, exp, scope } = decode(claims);
  const signed = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    createPublicKey(publicKey),
    Buffer.from(signature, 'base64url'),
  );
  if (decode(head).alg !== 'RS256' || !signed)
    return wrong('invalid_grant', 'Invalid JWT Signature.');
  if (iss !== email) return wrong('invalid_grant', 'Invalid grant: account not found');
  const fresh = Math.abs(iat - Date.now() / 1_000) < 300 && exp > iat && exp - iat <= 3_600;
  if (!fresh) return wrong('invalid_grant', 'Invalid JWT: Token must be a short-lived token');
  if (!aud.endsWith('/token')) return wrong('invalid_grant', 'Invalid JWT: Failed audience check.');
  if (!Object.values(SCOPES).includes(scope)) return wrong('invalid_scope', scope);
  const token = `ya29.${epoch}.${scope}`;
  return { body: { access_token: token, expires_in: expiresIn, token_type: 'Bearer' } };
}

function analytics(url, asked, state) {
  const [, property, method] = /^\/v1beta\/properties\/(\d+):(\w+)$/.exec(url.pathname) ?? [];
  if (asked === null || property === undefined) return refuse(404, 'NOT_FOUND');
  if (property !== state.property) return refuse(403, 'PERMISSION_DENIED');
  if (method === 'runReport') return report(asked, state);
  if (method !== 'batchRunReports') return refuse(404, 'NOT_FOUND');
  if (asked.requests.length > 5) return refuse(400, 'INVALID_ARGUMENT', 'at most 5 requests');
  const answers = asked.requests.map((one) => report(one, state));
  const failed = answers.find(({ status }) => status !== undefined);
  const reports = answers.map(({ body }) => body);
  return failed ?? { body: { reports, kind: 'analyticsData#batchRunReports' } };
}

function report(asked, { sessions, timeZone, metadata = {} }) {
  const odd = Object.keys(asked).find((key) => !REPORT_KEYS.includes(key));
  if (odd !== undefined) {
    return refuse(400, 'INVALID_ARGUMENT', `Unknown name "${odd}": Cannot find field.`);
  }
  const { dateRanges, dimensions = [], metrics, dimensionFilter } = asked;
  const field = dimensions.find(({ name }) => !FIELDS.includes(name));
  const metric = metrics.find(({ name }) => COUNTS[name] === undefined);
  if (field ?? metric) {
    return refuse(400, 'INVALID_ARGUMENT', `Field ${(field ?? metric).name} is not valid.`);
  }
  const [{ startDate, endDate }] = dateRanges;
  const words = startDate === 'yesterday' && endDate === 'today';
  if (!words && !(DAY.test(startDate) && DAY.test(endDate) && startDate <= endDate)) {
    return refuse(400, 'INVALID_ARGUMENT', 'Invalid date range');
  }
  const filters =
    dimensionFilter?.andGroup?.expressions.map(({ filter }) => filter) ??
    (dimensionFilter === undefined ? [] : [dimensionFilter.filter]);
  const equalTo = (name) => filters.find(({ fieldName }) => fieldName === name)?.stringFilter.value;
  const content = equalTo('sessionManualAdContent');
  const event = equalTo('eventName');
  const list = sessions.filter(
    (one) =>
      (words || (one.date >= startDate && one.date <= endDate)) &&
      (content === undefined || one.content === content) &&
      (event === undefined || (event === 'file_download' && one.downloads > 0)),
  );
  const groups =
    dimensions.length === 0 ? [['', list]] : [...Map.groupBy(list, (one) => one.content)];
  const rows = groups
    .filter(([, own]) => own.length > 0)
    .map(([value, own]) => ({
      ...(dimensions.length > 0 && { dimensionValues: [{ value }] }),
      metricValues: metrics.map(({ name }) => ({ value: String(COUNTS[name](own)) })),
    }));
  return {
    body: {
      ...(dimensions.length > 0 && { dimensionHeaders: dimensions }),
      metricHeaders: metrics.map(({ name }) => ({ name, type: 'TYPE_INTEGER' })),
      ...(rows.length > 0 && { rows, rowCount: rows.length }),
      metadata: { currencyCode: 'EUR', timeZone, ...metadata },
      kind: 'analyticsData#runReport',
    },
  };
}

function search(method, url, asked, { site, permission = 'siteFullUser', incomplete, found }) {
  const [, name, rest] = /^\/webmasters\/v3\/sites\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
  if (name === undefined) return refuse(404, 'NOT_FOUND');
  if (decodeURIComponent(name) !== site) return refuse(403, 'PERMISSION_DENIED', 'no permission');
  if (method === 'GET' && rest === undefined) {
    return { body: { siteUrl: site, permissionLevel: permission } };
  }
  if (rest !== '/searchAnalytics/query' || asked === null) return refuse(404, 'NOT_FOUND');
  const { startDate, endDate, dimensions, dimensionFilterGroups = [], rowLimit = 1_000 } = asked;
  const filters = dimensionFilterGroups.flatMap((group) => group.filters);
  const right =
    DAY.test(startDate) &&
    DAY.test(endDate) &&
    rowLimit >= 1 &&
    rowLimit <= 25_000 &&
    dimensions.join() === 'date' &&
    ['final', 'all'].includes(asked.dataState ?? 'final') &&
    ['auto', 'byPage', 'byProperty'].includes(asked.aggregationType ?? 'auto') &&
    !(filters.length > 0 && asked.aggregationType === 'byProperty') &&
    filters.every((one) => one.dimension === 'page' && one.operator === 'equals');
  if (!right) return refuse(400, 'INVALID_ARGUMENT', 'invalid');
  const rows = found.filter(
    ({ date, page }) =>
      date >= startDate && date <= endDate && filters.every((one) => one.expression === page),
  );
  const unsure = asked.dataState === 'all' && incomplete !== undefined && incomplete <= endDate;
  return {
    body: {
      ...(rows.length > 0 && { rows: rows.slice(0, rowLimit).map(rowOf) }),
      responseAggregationType: filters.length > 0 ? 'byPage' : 'byProperty',
      ...(unsure && { metadata: { first_incomplete_date: incomplete } }),
    },
  };
}

function rowOf({ date, impressions, clicks, position }) {
  return { keys: [date], clicks, impressions, ctr: clicks / impressions, position };
}

function sum(list, field) {
  return list.reduce((total, one) => total + (one[field] ?? 0), 0);
}

function refuse(code, status, message = status) {
  return { status: code, body: { error: { code, message, status } } };
}
