/** GoatCounter's API v0 as its documentation describes it. State: {token, permitted, hits: [{path, event, at, source}]}. */
import { onlyNames, serve } from './serve.mjs';

const WHOLE_HOUR = /^\d{4}-\d{2}-\d{2}T\d{2}:00:00Z$/;

serve(({ method, url, headers, state }) => {
  if (method !== 'GET') return { status: 405, body: { error: 'method not allowed' } };
  if (headers.authorization !== `Bearer ${state.token}`) {
    return { status: 401, body: { error: 'unknown token' } };
  }
  if (state.permitted === false) {
    return { status: 403, body: { error: 'requires [stats] permissions' } };
  }
  const inRange = hitsIn(url, state.hits);
  const path = url.pathname.replace('/api/v0/stats/', '');
  if (path === 'total') {
    return onlyNames(url, ['start', 'end', 'include_paths']) ?? { body: { total: inRange.length } };
  }
  const [start, end] = [url.searchParams.get('start'), url.searchParams.get('end')];
  if (!WHOLE_HOUR.test(start ?? '') || !WHOLE_HOUR.test(end ?? '')) {
    return { status: 400, body: { error: 'start and end are rounded to the hour' } };
  }
  const paths = [...new Set(state.hits.map((hit) => hit.path))];
  if (path === 'hits') return hits(url, inRange, paths);
  const [, id] = /^hits\/(\d+)$/.exec(path) ?? [];
  return id === undefined
    ? { status: 404, body: { error: 'not found' } }
    : refs(url, inRange, paths[Number(id) - 1]);
});

function hits(url, inRange, paths) {
  const names = [
    'start',
    'end',
    'daily',
    'include_paths',
    'exclude_paths',
    'path_by_name',
    'limit',
  ];
  const wanted = (url.searchParams.get('include_paths') ?? '').split(/[ ,]/);
  const known = paths.filter((path) => wanted.includes(path));
  // Of names that it does not know it takes no notice: the answer is that of all paths.
  const list = (known.length === 0 ? paths : known)
    .map((path) => ({ path, own: inRange.filter((hit) => hit.path === path) }))
    .filter(({ own }) => own.length > 0)
    .map(({ path, own }) => ({
      count: own.length,
      path_id: paths.indexOf(path) + 1,
      path,
      event: own[0].event === true,
      title: path,
      max: own.length,
      stats: [],
    }));
  return onlyNames(url, names) ?? { body: { hits: list, total: inRange.length, more: false } };
}

function refs(url, inRange, path) {
  const limit = Number(url.searchParams.get('limit') ?? 20);
  const offset = Number(url.searchParams.get('offset') ?? 0);
  const counts = new Map();
  for (const { source } of inRange.filter((hit) => hit.path === path)) {
    counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  const all = [...counts].map(([name, count]) => ({
    id: name,
    name: name.replace(/^utm:/, ''),
    count,
    ref_scheme: name.startsWith('utm:') ? 'c' : 'h',
  }));
  const page = all.slice(offset, offset + Math.min(limit, 100));
  return (
    onlyNames(url, ['start', 'end', 'limit', 'offset']) ?? {
      body: { refs: page, more: offset + page.length < all.length },
    }
  );
}

/** By the hours that they are kept in; both ends are included. */
function hitsIn(url, all) {
  const start = url.searchParams.get('start') ?? '0000';
  const end = url.searchParams.get('end') ?? '9999';
  const hourOf = (at) => at.slice(0, 13);
  return all.filter(({ at }) => hourOf(at) >= hourOf(start) && hourOf(at) <= hourOf(end));
}
