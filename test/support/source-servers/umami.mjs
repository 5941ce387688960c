/**
 * Umami's API as its documentation and its queries describe it, versions 2 and 3. A filter counts views.
 * State: {version, username, password, apiKey, epoch, websiteId, views: [{at, visit, visitor, query}]}; another
 * `epoch` makes tokens of before void. A parameter that it does not know is ignored, as Umami does.
 */
import { serve } from './serve.mjs';

let epoch;

serve(({ method, url, headers, body, state }) => {
  epoch = state.epoch ?? 1;
  if (url.pathname === '/api/auth/login') return login(method, headers, body, state);
  const [, base, id] = /^\/(api|v1)\/websites\/([^/]+)\/stats$/.exec(url.pathname) ?? [];
  if (id === undefined) return error(404, 'not-found', 'Not found');
  if (method !== 'GET') return { status: 405, headers: { 'content-type': 'text/plain' }, body: '' };
  const known =
    base === 'v1'
      ? state.apiKey !== undefined && headers['x-umami-api-key'] === state.apiKey
      : headers.authorization === `Bearer token-${epoch}`;
  if (!known || id !== state.websiteId) return error(401, 'unauthorized', 'Unauthorized');
  const [start, end] = ['startAt', 'endAt'].map((name) => url.searchParams.get(name));
  if (!/^\d{13}$/.test(start ?? '') || !/^\d{13}$/.test(end ?? '')) {
    return error(400, 'bad-request', 'Bad request');
  }
  const wanted = filterOf(url.searchParams.get('query'));
  const views = state.views.filter(
    ({ at, query }) => Date.parse(at) >= start && Date.parse(at) <= end && wanted(query ?? ''),
  );
  const perVisit = Map.groupBy(views, ({ visit }) => visit);
  const figures = {
    pageviews: views.length,
    visitors: new Set(views.map(({ visitor }) => visitor)).size,
    visits: perVisit.size,
    bounces: [...perVisit.values()].filter((list) => list.length === 1).length,
    totaltime: 0,
  };
  return { body: state.version === 2 ? withBefore(figures) : { ...figures, comparison: figures } };
});

function login(method, headers, body, { username, password }) {
  if (method !== 'POST')
    return { status: 405, headers: { 'content-type': 'text/plain' }, body: '' };
  if (headers['content-type'] !== 'application/json')
    return error(400, 'bad-request', 'Bad request');
  const sent = JSON.parse(body);
  const right = sent.username === username && sent.password === password;
  if (!right) return error(401, 'incorrect-username-password', 'Incorrect username or password.');
  return { body: { token: `token-${epoch}`, user: { id: 'u1', username, role: 'view-only' } } };
}

/** `c.text`: contains; a bare text: equals. */
function filterOf(text) {
  if (text === null) return () => true;
  if (!text.startsWith('c.')) return (query) => query === text;
  return (query) => query.toLowerCase().includes(text.slice(2).toLowerCase());
}

function withBefore(figures) {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, { value, prev: 0 }]),
  );
}

function error(status, code, message) {
  return { status, body: { error: { message, code, status } } };
}
