import { z } from 'zod';
import { BlueskyCredentials, BlueskySettings, loginOf } from '../channels/bluesky/account.ts';
import type { MeasureId } from '../domain/kpi/measures.ts';
import type { HttpOutcome, JsonOutcome } from '../http/http-outcome.ts';
import { failureOf } from './request-failures.ts';
import {
  defineSource,
  type MeasureAnswer,
  type SourceFailure,
  type SourceMeans,
} from './source-kind.ts';

/** What Bluesky's documentation allows is per address: both kinds of its requests count. */
const LIMIT = { requests: 3_000, perMs: 300_000 };

const Count = z.int().min(0);
/**
 * app.bsky.feed.defs#postView. An AppView states 0 of what it counts; what it does not count, such as the
 * bookmarks of an older one, it leaves out.
 */
const Post = z.object({
  uri: z.string(),
  likeCount: Count,
  replyCount: Count.optional(),
  repostCount: Count.optional(),
  quoteCount: Count.optional(),
  bookmarkCount: Count.optional(),
});
const Posts = z.object({ posts: z.array(Post).max(25) });
const Profile = z.object({ handle: z.string().max(300), followersCount: Count });

const OF_POST = [
  'reactions',
  'comments',
  'shares',
  'saves',
] as const satisfies readonly MeasureId[];

/** Counts of a post as the AppView of its server knows them. It counts no impressions, reach or clicks. */
export const BLUESKY_COUNTS = defineSource({
  id: 'bluesky',
  name: 'Bluesky',
  origin: 'account',
  config: BlueskySettings,
  secret: BlueskyCredentials,
  supplies: (channel) => (channel === 'bluesky' ? [...OF_POST, 'followers'] : []),
  settlingMs: 0,
  limit: LIMIT,
  definitions: { shares: 'shares:reposts+quotes' },
  create({ config, secret, ...means }) {
    const account = { id: means.ownerId, name: '', settings: config, credentials: secret };

    async function withReader<T>(
      work: (reader: Reader) => Promise<T | SourceFailure>,
      signal: AbortSignal,
    ): Promise<T | SourceFailure> {
      const login = loginOf(account);
      if (typeof login === 'string') {
        return { unavailable: login, retry: false, credentialsRefused: true };
      }
      return openReader(means, login, signal).then(work).catch(loginFailure);
    }

    async function countsOf(
      reader: Reader,
      uri: string,
    ): Promise<{ [M in MeasureId]?: MeasureAnswer } | SourceFailure> {
      const outcome = await reader.get('app.bsky.feed.getPosts', { uris: uri }, Posts);
      if (outcome.kind !== 'json') return failed(outcome, means.now());
      const post = outcome.value.posts.find((one) => one.uri === uri);
      // Deleted: its readings of before stay what is known of it.
      if (post === undefined) return {};
      const { likeCount, replyCount, repostCount, quoteCount, bookmarkCount } = post;
      return {
        reactions: likeCount,
        comments: replyCount ?? 'not_available',
        shares:
          repostCount === undefined || quoteCount === undefined
            ? 'not_available'
            : repostCount + quoteCount,
        saves: bookmarkCount ?? 'not_available',
      };
    }

    return {
      async check(signal) {
        const found = await withReader(async (reader) => reader.profile(), signal);
        if ('unavailable' in found) return { ok: false, ...found };
        return found.kind === 'json'
          ? { ok: true, detail: `signed in as ${found.value.handle}` }
          : { ok: false, ...failed(found, means.now()) };
      },
      async collect({ publication: { remoteId, publishedAt } }, signal) {
        return withReader(async (reader) => {
          const counts =
            publishedAt === null || remoteId === null ? {} : await countsOf(reader, remoteId);
          if ('unavailable' in counts) return counts;
          const profile = await reader.profile();
          if (profile.kind !== 'json') return failed(profile, means.now());
          return { measures: { ...counts, followers: profile.value.followersCount } };
        }, signal);
      },
    };
  },
});

interface Reader {
  get<T>(
    method: string,
    query: Record<string, string>,
    schema: z.ZodType<T>,
  ): Promise<JsonOutcome<T>>;
  profile(): Promise<JsonOutcome<z.infer<typeof Profile>>>;
}

type Login = Exclude<ReturnType<typeof loginOf>, string>;

/**
 * Reads with the session that publishing keeps. A token that is refused is renewed once.
 * @throws XrpcFailed when there is no session to be had.
 */
async function openReader(
  { http, sessions: store }: SourceMeans,
  login: Login,
  signal: AbortSignal,
): Promise<Reader> {
  // Bluesky's library reads all its schemas when it is loaded: not before there is something to read.
  const [{ createBlueskySessions }, { isTokenRefusal }] = await Promise.all([
    import('../channels/bluesky/sessions.ts'),
    import('../channels/bluesky/xrpc.ts'),
  ]);
  const sessions = createBlueskySessions({ http, store });
  let session = await sessions.current(login);

  async function get<T>(method: string, query: Record<string, string>, schema: z.ZodType<T>) {
    const url = `${login.service}/xrpc/${method}?${new URLSearchParams(query)}`;
    const ask = () =>
      http.getJson(url, schema, {
        headers: { authorization: `Bearer ${session.accessJwt}` },
        signal,
      });
    const first = await ask();
    if (first.kind !== 'response') return first;
    if (!isTokenRefusal({ status: first.status, error: errorOf(first.body) })) return first;
    session = await sessions.renew(login, session);
    return ask();
  }
  return {
    get,
    profile: () => get('app.bsky.actor.getProfile', { actor: session.did }, Profile),
  };
}

const ErrorBody = z.object({ error: z.string() });

/** The name that the protocol gives a refusal. */
function errorOf(body: Buffer): string | null {
  try {
    return ErrorBody.safeParse(JSON.parse(body.toString('utf8'))).data?.error ?? null;
  } catch {
    return null;
  }
}

/** `ratelimit-reset` is an instant in seconds; a PDS without an AppView answers 502. */
function failed(outcome: HttpOutcome, now: number): SourceFailure {
  const failure = failureOf(outcome, now);
  if (outcome.kind !== 'response' || outcome.status !== 429) return failure;
  const reset = Number(outcome.headers['ratelimit-reset'] ?? Number.NaN) * 1_000;
  return Number.isNaN(reset) ? failure : { ...failure, retryAfterMs: Math.max(1_000, reset - now) };
}

/** A login that did not succeed. Its message holds no token, whatever the server said. */
function loginFailure(error: unknown): SourceFailure {
  const cause = error instanceof Error && error.name !== 'XrpcFailed' ? error.cause : error;
  const failure = LoginFailure.safeParse(cause);
  if (!failure.success) throw error;
  const { message, outcome } = failure.data;
  const refused = outcome.kind === 'refused' && (outcome.status === 401 || outcome.status === 400);
  return {
    unavailable: message,
    retry: !refused,
    ...(refused && { credentialsRefused: true }),
  };
}

const LoginFailure = z.object({
  name: z.literal('XrpcFailed'),
  message: z.string(),
  outcome: z.object({ kind: z.string(), status: z.number().optional() }),
});
