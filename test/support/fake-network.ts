import type {
  Channel,
  Idempotency,
  LookupOutcome,
  Post,
  PublishOutcome,
  RemotePost,
} from '../../src/channels/channel.ts';
import type { ChannelRegistry } from '../../src/channels/registry.ts';

/** The real adapters, as if their accounts had another protection. */
export function withIdempotency(real: ChannelRegistry, idempotency: Idempotency): ChannelRegistry {
  return {
    get(id) {
      const channel = real.get(id);
      return channel === null ? null : { ...channel, idempotencyOf: () => idempotency };
    },
  };
}

/** What a publish call comes to; whatever is not ordered is accepted. */
export type PublishStep =
  | 'accept'
  | 'accept_then_lost'
  | 'lost'
  | 'reject'
  | 'rate_limited'
  | 'rate_limited_for_long';

export interface FakePost extends RemotePost {
  key: string;
  marker: string;
  text: string;
  parent: string | null;
}

/**
 * A network in this process. It keeps no keys: a second call is a second post, so that its list shows
 * every send. An account's protection is what its settings say.
 */
export interface FakeNetwork {
  registry: ChannelRegistry;
  posts(accountId: string): FakePost[];
  /** Every request to an account, in order. */
  calls(accountId: string): { kind: 'publish' | 'lookup'; at: number }[];
  /** The next publish calls of an account. */
  order(accountId: string, ...steps: PublishStep[]): void;
  /** The next look-ups of an account cannot tell, so many times, and say for how long to ask no more. */
  blind(accountId: string, times: number, retryAfterMs?: number): void;
}

export const BAN_MS = 2_500;
/** Longer than a slot's grace that a busy machine keeps. */
const LONG_BAN_MS = 60_000;

export function createFakeNetwork(): FakeNetwork {
  const posts: (FakePost & { accountId: string })[] = [];
  const calls: { accountId: string; kind: 'publish' | 'lookup'; at: number }[] = [];
  const steps = new Map<string, PublishStep[]>();
  const blind = new Map<string, { left: number; retryAfterMs: number | undefined }>();

  function accept({ account, key, marker, content, replyTo }: Post): RemotePost {
    const remoteId = `fake-${posts.length + 1}`;
    const remote = { remoteId, permalink: `https://fake.example/${remoteId}`, at: nowIso() };
    const parent = replyTo?.parent.remoteId ?? null;
    posts.push({ ...remote, accountId: account.id, key, marker, text: content.text, parent });
    return remote;
  }

  const channel: Channel = {
    id: 'sandbox',
    idempotencyOf: ({ settings }) => settings['idempotency'] as Idempotency,
    async publish(request): Promise<PublishOutcome> {
      const accountId = request.account.id;
      calls.push({ accountId, kind: 'publish', at: Date.now() });
      const lost = { outcome: 'unknown', code: 'connection_lost', message: 'gone' } as const;
      switch (steps.get(accountId)?.shift() ?? 'accept') {
        case 'accept':
          return { outcome: 'published', ...accept(request) };
        case 'accept_then_lost':
          accept(request);
          return lost;
        case 'lost':
          return lost;
        case 'reject':
          return { outcome: 'rejected', code: 'content_refused', message: 'no' };
        case 'rate_limited':
          return limited(BAN_MS);
        case 'rate_limited_for_long':
          return limited(LONG_BAN_MS);
      }
    },
    async lookup({ account, marker }): Promise<LookupOutcome> {
      calls.push({ accountId: account.id, kind: 'lookup', at: Date.now() });
      const blindness = blind.get(account.id);
      if (blindness !== undefined && blindness.left > 0) {
        blindness.left -= 1;
        const { retryAfterMs } = blindness;
        return {
          outcome: 'cannot_tell',
          message: 'away',
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        };
      }
      const [post, ...others] = posts.filter((candidate) => candidate.marker === marker);
      return post === undefined ? { outcome: 'absent' } : { outcome: 'found', post, others };
    },
  };
  return {
    registry: { get: (id) => (id === 'sandbox' ? channel : null) },
    posts: (accountId) => posts.filter((post) => post.accountId === accountId),
    calls: (accountId) => calls.filter((call) => call.accountId === accountId),
    order: (accountId, ...ordered) => steps.set(accountId, ordered),
    blind: (accountId, times, retryAfterMs) => blind.set(accountId, { left: times, retryAfterMs }),
  };
}

function limited(retryAfterMs: number): PublishOutcome {
  return { outcome: 'retryable', code: 'rate_limited', message: 'slow down', retryAfterMs };
}

function nowIso(): string {
  return new Date().toISOString();
}
