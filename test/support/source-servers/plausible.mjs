/**
 * Plausible's Stats API v2 as its documentation describes it.
 * State: {apiKey, siteId, goals: [name], visits: [{at, content, visitor, views, goals: {name: count}}]}.
 */
import { serve } from './serve.mjs';

const KEYS = ['site_id', 'metrics', 'date_range', 'dimensions', 'filters', 'order_by', 'include'];
const METRICS = ['visitors', 'visits', 'pageviews', 'bounce_rate', 'events'];
const DIMENSIONS = ['visit:utm_content', 'event:goal'];
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/;

serve(({ method, url, headers, body, state }) => {
  if (url.pathname !== '/api/v2/query') return { status: 404, body: { error: 'not found' } };
  if (method !== 'POST') return { status: 405, body: { error: 'method not allowed' } };
  if (headers['content-type'] !== 'application/json') {
    return { status: 415, body: { error: 'unsupported media type' } };
  }
  const query = JSON.parse(body);
  if (headers.authorization !== `Bearer ${state.apiKey}` || query.site_id !== state.siteId) {
    return { status: 401, body: { error: 'Invalid API key or site ID.' } };
  }
  const wrong = issueOf(query, state);
  if (wrong !== null) return { status: 400, body: { error: wrong } };
  const { metrics, dimensions = [], filters = [], date_range: range } = query;
  const [from, to] = range.map((text) => Date.parse(text));
  const contents = clausesOf(filters, 'visit:utm_content');
  const goals = clausesOf(filters, 'event:goal') ?? state.goals;
  const visits = state.visits.filter(
    ({ at, content }) =>
      Date.parse(at) >= from && Date.parse(at) <= to && (contents?.includes(content) ?? true),
  );
  const row = (values, list, events) => ({
    dimensions: values,
    metrics: metrics.map((metric) => metricOf(metric, list, events)),
  });
  const eventsOf = (goal) => visits.reduce((sum, visit) => sum + (visit.goals?.[goal] ?? 0), 0);
  const results =
    dimensions[0] === 'event:goal'
      ? goals
          .filter((goal) => eventsOf(goal) > 0)
          .map((goal) => row([goal], visits, eventsOf(goal)))
      : dimensions[0] === undefined
        ? [row([], visits, 0)]
        : [...Map.groupBy(visits, ({ content }) => content)].map(([content, list]) =>
            row([content], list, 0),
          );
  return { body: { results, meta: {}, query: { ...query, dimensions } } };
});

function issueOf({ metrics, dimensions = [], filters = [], date_range: range, ...rest }, state) {
  const odd = Object.keys(rest).find((key) => !KEYS.includes(key));
  if (odd !== undefined) return `#/${odd}: Schema does not allow additional properties.`;
  if (!Array.isArray(metrics) || metrics.length === 0) return '#/metrics: Required.';
  const metric = metrics.find((name) => !METRICS.includes(name));
  if (metric !== undefined) return `#/metrics: Invalid metric "${metric}"`;
  const dimension = dimensions.find((name) => !DIMENSIONS.includes(name));
  if (dimension !== undefined) return `#/dimensions: Invalid dimension "${dimension}"`;
  if (!Array.isArray(range) || range.length !== 2 || !range.every((text) => INSTANT.test(text))) {
    return '#/date_range: Invalid date range';
  }
  for (const [operator, name, clauses] of filters) {
    if (operator !== 'is' || !DIMENSIONS.includes(name) || !Array.isArray(clauses)) {
      return `#/filters: Invalid filter ${JSON.stringify([operator, name, clauses])}`;
    }
  }
  const unknown = clausesOf(filters, 'event:goal')?.find((goal) => !state.goals.includes(goal));
  if (unknown !== undefined) {
    return `Invalid filters. The goal \`${unknown}\` is not configured for this site.`;
  }
  const ofEvents = [...dimensions, ...filters.map(([, name]) => name)].includes('event:goal');
  return ofEvents && metrics.includes('bounce_rate')
    ? 'Session metric(s) `bounce_rate` cannot be queried along with event dimensions.'
    : null;
}

function clausesOf(filters, dimension) {
  return filters.find(([, name]) => name === dimension)?.[2] ?? null;
}

function metricOf(metric, visits, events) {
  switch (metric) {
    case 'visits':
      return visits.length;
    case 'visitors':
      return new Set(visits.map(({ visitor }) => visitor)).size;
    case 'pageviews':
      return visits.reduce((sum, { views }) => sum + views, 0);
    case 'bounce_rate': {
      const bounced = visits.filter(({ views, goals }) => views === 1 && goals === undefined);
      return visits.length === 0 ? null : Math.round((bounced.length / visits.length) * 100);
    }
    default:
      return events;
  }
}
