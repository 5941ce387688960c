import type { FetchOptions } from '../../http/guarded-fetch.ts';
import type { HttpClient } from '../../http/http-client.ts';
import type {
  Channel,
  ChannelAccount,
  PublishOutcome,
  PublishRequest,
  RemotePost,
} from '../channel.ts';
import type { ChannelSessions } from '../channel-sessions.ts';
import { beforeWriting, publishInSteps, type WriteLimits } from '../publish-steps.ts';
import { type FailedOutcome, unreachable } from '../request-outcomes.ts';
import { type BlueskyLogin, loginOf } from './account.ts';
import { lookupOutcome, publishOutcome } from './outcomes.ts';
import { postKeyOf } from './post-key.ts';
import {
  ContentRefused,
  FileUnreadable,
  POST_COLLECTION,
  type PostRecord,
  recordOf,
} from './record.ts';
import { type BlueskySession, type BlueskySessions, createBlueskySessions } from './sessions.ts';
import { failureOf, isTokenRefusal, type Server, serverAt } from './xrpc.ts';

export interface PostingDependencies {
  http: HttpClient;
  store: ChannelSessions;
}

/** What needs Bluesky's library. */
export type Posting = Pick<Channel, 'publish' | 'lookup'>;

export function createPosting({ http, store }: PostingDependencies): Posting {
  const sessions = createBlueskySessions({ http, store });
  return {
    publish: publishInSteps({
      async prepare(request) {
        const login = loginOf(request.account);
        return typeof login === 'string'
          ? { outcome: 'rejected', code: 'credentials_refused', message: login }
          : prepare({ http, sessions, login }, request);
      },
      write,
    }),
    async lookup({ account, key, dueAt, signal }) {
      const login = loginOf(account);
      if (typeof login === 'string') return { outcome: 'cannot_tell', message: login };
      try {
        const { did } = await sessions.current(login);
        const server = serverAt({ http, service: login.service, token: null, timing: { signal } });
        const { data } = await server.repo.getRecord({
          repo: did,
          collection: POST_COLLECTION,
          rkey: postKeyOf({ key, dueAt }),
        });
        const post = remotePost(did, { key, dueAt });
        if (data.uri === post.remoteId) return { outcome: 'found', post, others: [] };
        const message = 'com.atproto.repo.getRecord: the answer is about another post';
        return { outcome: 'cannot_tell', message };
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

interface Write extends Client {
  account: ChannelAccount;
  session: BlueskySession;
  record: PostRecord;
  rkey: string;
  post: RemotePost;
}

async function prepare(
  client: Client,
  request: PublishRequest,
): Promise<{ ready: Write } | FailedOutcome> {
  const { signal, writeBefore } = request;
  try {
    const record = await authorized(client, { signal, writeBefore }, (server) =>
      recordOf(server, request),
    );
    const session = await client.sessions.current(client.login);
    const post = remotePost(session.did, request);
    const { account } = request;
    return { ready: { ...client, account, session, record, rkey: postKeyOf(request), post } };
  } catch (error) {
    return failedOutcome(error);
  }
}

/** A write that is refused for its token, and so for nothing else, has not been made: it is written once more. */
async function write(ready: Write, limits: WriteLimits): Promise<PublishOutcome> {
  const { account, sessions, login, session } = ready;
  try {
    return await put(ready, limits);
  } catch (error) {
    if (!isTokenRefused(error)) return failedOutcome(error);
  }
  const renewed = await beforeWriting(account, async () => {
    try {
      return { session: await sessions.renew(login, session) };
    } catch (error) {
      return failedOutcome(error);
    }
  });
  if ('outcome' in renewed) return renewed;
  return put({ ...ready, session: renewed.session }, limits).catch(failedOutcome);
}

async function put(
  { http, login, session, record, rkey, post }: Write,
  timing: WriteLimits,
): Promise<PublishOutcome> {
  const server = serverAt({ http, service: login.service, token: session.accessJwt, timing });
  const { data } = await server.repo.putRecord({
    repo: session.did,
    collection: POST_COLLECTION,
    rkey,
    record: { ...record },
    swapRecord: null,
  });
  if (data.uri !== post.remoteId) {
    const message = 'com.atproto.repo.putRecord: the answer is about another post';
    return { outcome: 'unknown', code: 'answer_unusable', message };
  }
  return { outcome: 'published', ...post };
}

/** @throws the error itself when it is none that the adapter knows. */
function failedOutcome(error: unknown): FailedOutcome {
  if (error instanceof ContentRefused) {
    return { outcome: 'rejected', code: 'content_refused', message: error.message };
  }
  if (error instanceof FileUnreadable) return unreachable(error.message);
  return publishOutcome(failureOf(error), Date.now());
}

function isTokenRefused(error: unknown): boolean {
  if (error instanceof ContentRefused || error instanceof FileUnreadable) return false;
  const { outcome } = failureOf(error);
  return outcome.kind === 'refused' && isTokenRefusal(outcome);
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
    if (!isTokenRefused(error)) throw error;
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
