/**
 * Matomo's Reporting API as its documentation describes it, behind `API.getBulkRequest`.
 * State: {token, siteId, timezone, plugin, unique, archived, status, visits: [{at, content, visitor, pages,
 * downloads, conversions}]}; `plugin`: MarketingCampaignsReporting is there; `status`: of a refused token.
 */
import { serve } from './serve.mjs';

const AUTH =
  'Unable to authenticate with the provided token. It is either invalid, expired or is required to be sent as a POST parameter.';
const RANGE = /^(\d{4}-\d{2}-\d{2}),(\d{4}-\d{2}-\d{2})$/;

serve(({ method, url, headers, body, state }) => {
  const type = headers['content-type'];
  const form =
    method === 'POST' && type === 'application/x-www-form-urlencoded'
      ? new URLSearchParams(body)
      : new URLSearchParams();
  if (url.pathname !== '/matomo/index.php') {
    return { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Not Found</h1>' };
  }
  if (form.get('module') !== 'API') {
    return { headers: { 'content-type': 'text/html' }, body: '<title>Sign in - Matomo</title>' };
  }
  if (form.get('format') !== 'json' || form.get('method') !== 'API.getBulkRequest') {
    return { body: error(`The method '${form.get('method')}' does not exist`) };
  }
  const known = form.get('token_auth') === state.token;
  if (!known && state.status !== undefined) return { status: state.status, body: error(AUTH) };
  const calls = [];
  while (form.has(`urls[${calls.length}]`)) calls.push(form.get(`urls[${calls.length}]`));
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: calls.map((call) => answer(new URLSearchParams(call), known, state)),
  };
});

function answer(call, mayRead, state) {
  const site = call.get('idSite');
  if (!mayRead || site !== String(state.siteId)) {
    return error(
      `You can't access this resource as it requires 'view' access for the website id = ${site}.`,
    );
  }
  const method = call.get('method');
  if (method === 'SitesManager.getSiteFromId') {
    return { idsite: state.siteId, name: 'The site', main_url: 'x', timezone: state.timezone };
  }
  const [, first, last] = RANGE.exec(call.get('date') ?? '') ?? [];
  if (call.get('period') !== 'range' || first === undefined) {
    return error('General_ExceptionInvalidDateFormat');
  }
  const [, name, content] = /^(\w+)==(\w+)$/.exec(call.get('segment') ?? '') ?? [];
  if (name !== 'campaignContent' || state.plugin === false) {
    return error(`Segment '${name}' is not a supported segment.`);
  }
  // Without a report of this segment it shows every number that was asked for as 0 (its DataTableFactory).
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: state.timezone });
  const known = state.archived === false ? [] : state.visits;
  const visits = known.filter((visit) => {
    const date = day.format(new Date(visit.at));
    return visit.content === content && date >= first && date <= last;
  });
  const sum = (field) => visits.reduce((total, visit) => total + (visit[field] ?? 0), 0);
  switch (method) {
    case 'VisitsSummary.get':
      return {
        ...(state.unique && { nb_uniq_visitors: new Set(visits.map((one) => one.visitor)).size }),
        nb_users: 0,
        nb_visits: visits.length,
        nb_actions: sum('pages'),
        nb_visits_converted: visits.filter((one) => one.conversions > 0).length,
        bounce_count: visits.filter((one) => one.pages === 1).length,
        sum_visit_length: 0,
        max_actions: Math.max(0, ...visits.map((one) => one.pages)),
        bounce_rate: 0.5,
      };
    case 'Actions.get':
      return { nb_pageviews: sum('pages'), nb_uniq_pageviews: 0, nb_downloads: sum('downloads') };
    case 'Goals.get':
      return { nb_conversions: String(sum('conversions')), revenue: 0 };
    default:
      return error(`The method '${method}' does not exist or is not available in the module`);
  }
}

function error(message) {
  return { result: 'error', message };
}
