/** A PDS that hands reads on to an AppView. State: {password, did, followers, posts: {uri: counts}, appView}. */
import { onlyNames, serve } from './serve.mjs';

let made = 0;
const access = new Set();
const refresh = new Set();

serve(({ method, url, headers, body, state }) => {
  const name = url.pathname.replace('/xrpc/', '');
  const token = headers.authorization?.replace('Bearer ', '');
  switch (`${method} ${name}`) {
    case 'POST com.atproto.server.createSession':
      return JSON.parse(body).password === state.password
        ? tokens(state)
        : refuse(401, 'AuthenticationRequired', 'Invalid identifier or password');
    case 'POST com.atproto.server.refreshSession':
      return refresh.delete(token) ? tokens(state) : refuse(400, 'ExpiredToken', 'expired');
    case 'POST test.expireTokens':
      access.clear();
      return { body: {} };
  }
  if (method !== 'GET') return refuse(404, 'MethodNotImplemented', name);
  if (!access.has(token)) return refuse(400, 'ExpiredToken', 'Token has expired');
  if (state.appView === false) return refuse(502, 'UpstreamFailure', 'no AppView');
  if (name === 'app.bsky.actor.getProfile') {
    const actor = url.searchParams.get('actor');
    if (actor !== state.did) return refuse(400, 'InvalidRequest', 'Profile not found');
    return (
      onlyNames(url, ['actor']) ?? {
        body: { did: state.did, handle: 'baton.test', followersCount: state.followers },
      }
    );
  }
  if (name !== 'app.bsky.feed.getPosts') return refuse(404, 'MethodNotImplemented', name);
  const uris = url.searchParams.getAll('uris');
  if (uris.length < 1 || uris.length > 25) return refuse(400, 'InvalidRequest', 'uris');
  const posts = uris.flatMap((uri) =>
    state.posts[uri] === undefined ? [] : [{ uri, cid: 'bafy', ...state.posts[uri] }],
  );
  return onlyNames(url, ['uris']) ?? { body: { posts } };
});

function tokens({ did }) {
  made += 1;
  const pair = { accessJwt: `access-${made}`, refreshJwt: `refresh-${made}` };
  access.add(pair.accessJwt);
  refresh.add(pair.refreshJwt);
  return { body: { ...pair, did, handle: 'baton.test' } };
}

function refuse(status, error, message) {
  return { status, body: { error, message } };
}
