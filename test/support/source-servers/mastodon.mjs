/** Mastodon's REST API, what reading counts needs. State: {token, account, statuses: {id: status}}. */
import { serve } from './serve.mjs';

serve(({ method, url, headers, state }) => {
  if (method !== 'GET') return { status: 405, body: { error: 'Method not allowed' } };
  if (headers.authorization !== `Bearer ${state.token}`) {
    return { status: 401, body: { error: 'The access token is invalid' } };
  }
  if (url.pathname === '/api/v1/accounts/verify_credentials') return { body: state.account };
  const [, id] = /^\/api\/v1\/statuses\/([^/]+)$/.exec(url.pathname) ?? [];
  const status = state.statuses[decodeURIComponent(id ?? '')];
  return status === undefined
    ? { status: 404, body: { error: 'Record not found' } }
    : { body: { id, content: '<p>x</p>', ...status } };
});
