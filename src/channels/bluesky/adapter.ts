import type { FetchOptions } from '../../http/guarded-fetch.ts';
import type { HttpClient } from '../../http/http-client.ts';
import type {
  Channel,
  ChannelDefinition,
  PublishOutcome,
  PublishRequest,
  RemotePost,
} from '../channel.ts';
import { type ChannelSessions, createMemorySessions } from '../channel-sessions.ts';
import { unreachable } from '../request-outcomes.ts';
import {
  BlueskyCredentials,
  type BlueskyLogin,
  BlueskySettings,
  loginOf,
  settingsByName,
} from './account.ts';
import { lookupOutcome, publishOutcome } from './outcomes.ts';
import { postKeyOf } from './post-key.ts';
import { ContentRefused, FileUnreadable, POST_COLLECTION, recordOf } from './record.ts';
import { type BlueskySession, type BlueskySessions, createBlueskySessions } from './sessions.ts';
import { failureOf, isTokenRefusal, type Server, serverAt } from './xrpc.ts';

/**
 * Bluesky, or any server of the AT Protocol. A post's record key is derived from its own key, and it is written
 * only where nothing stands: a repetition with the same content is answered as the first, one with another
 * content is refused.
 */
export const BLUESKY = {
  id: 'bluesky',
  settings: BlueskySettings,
  settingsByName,
  credentials: BlueskyCredentials,
  create: ({ http, sessions }) => createBlueskyChannel({ http, store: sessions }),
} as const satisfies ChannelDefinition;

export function createBlueskyChannel({
  http,
  store = createMemorySessions(),
}: {
  http: HttpClient;
  store?: ChannelSessions | undefined;
}): Channel {
  const sessions = createBlueskySessions({ http, store });
  return {
    id: 'bluesky',
    idempotencyOf: () => 'exact',
    async publish(request) {
      const login = loginOf(request.account);
      return typeof login === 'string'
        ? { outcome: 'rejected', code: 'credentials_refused', message: login }
        : publish({ http, sessions, login }, request);
    },
    async lookup({ account, key, dueAt, signal }) {
      const login = loginOf(account);
      if (typeof login === 'string') return { outcome: 'cannot_tell', message: login };
      try {
        const { did } = await sessions.current(login);
        const server = serverAt({ http, service: login.service, token: null, timing: { signal } });
        await server.repo.getRecord({
          repo: did,
          collection: POST_COLLECTION,
          rkey: postKeyOf({ key, dueAt }),
        });
        return { outcome: 'found', post: remotePost(did, { key, dueAt }), others: [] };
      } catch (error) {
        return lookupOutcome(failureOf(error), Date.now());
      }
    },
  };
}

interface Client {
  http: HttpClient;
  sessions: BlueskySessions;
  login: BlueskyLogin;
}

async function publish(client: Client, request: PublishRequest): Promise<PublishOutcome> {
  const { signal, writeBefore } = request;
  const timing = { signal, writeBefore };
  try {
    const record = await authorized(client, timing, (server) => recordOf(server, request));
    if (performance.now() >= writeBefore) return unreachable('it was too late to send');
    return await authorized(client, timing, async (server, { did }) => {
      const post = remotePost(did, request);
      const { data } = await server.repo.putRecord({
        repo: did,
        collection: POST_COLLECTION,
        rkey: postKeyOf(request),
        record: { ...record },
        swapRecord: null,
      });
      if (data.uri !== post.remoteId) {
        const message = 'com.atproto.repo.putRecord: the answer is about another post';
        return { outcome: 'unknown', code: 'answer_unusable', message };
      }
      return { outcome: 'published', ...post };
    });
  } catch (error) {
    if (error instanceof ContentRefused) {
      return { outcome: 'rejected', code: 'content_refused', message: error.message };
    }
    if (error instanceof FileUnreadable) return unreachable(error.message);
    return publishOutcome(failureOf(error), Date.now());
  }
}

/** Calls with the account's session; with another one when its token, and so nothing else, was refused. */
async function authorized<T>(
  { http, sessions, login }: Client,
  timing: FetchOptions,
  call: (server: Server, session: BlueskySession) => Promise<T>,
): Promise<T> {
  const attempt = (session: BlueskySession): Promise<T> =>
    call(serverAt({ http, service: login.service, token: session.accessJwt, timing }), session);
  const session = await sessions.current(login);
  try {
    return await attempt(session);
  } catch (error) {
    if (error instanceof ContentRefused) throw error;
    const { outcome } = failureOf(error);
    if (outcome.kind !== 'refused' || !isTokenRefusal(outcome)) throw error;
    return attempt(await sessions.renew(login, session));
  }
}

/** The server states no time of acceptance; a post's own time is when it was due. */
function remotePost(did: string, post: { key: string; dueAt: string }): RemotePost {
  const rkey = postKeyOf(post);
  return {
    remoteId: `at://${did}/${POST_COLLECTION}/${rkey}`,
    permalink: `https://bsky.app/profile/${did}/post/${rkey}`,
    at: new Date(post.dueAt).toISOString(),
  };
}
