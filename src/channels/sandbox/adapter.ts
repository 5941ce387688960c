import { z } from 'zod';
import { CHANNEL_LIMITS } from '../../domain/channels.ts';
import { validateVariant } from '../../domain/variant-limits.ts';
import type { HttpClient } from '../../http/http-client.ts';
import {
  type HttpResponse,
  type JsonOutcome,
  retryAfterMs,
  type UnknownCode,
} from '../../http/http-outcome.ts';
import type {
  Channel,
  ChannelDefinition,
  LookupOutcome,
  PublishOutcome,
  UnknownOutcomeCode,
} from '../channel.ts';
import { SandboxError, type SandboxPost, SandboxPostList, SandboxRemotePost } from './protocol.ts';

const UNREACHABLE_WAIT_MS = 5_000;
const RATE_LIMIT_WAIT_MS = 60_000;
const MAX_QUOTED = 300;

/** The sandbox network as a channel. Its keys hold for ever, so a repeated send is always harmless. */
export const SANDBOX = {
  id: 'sandbox',
  settings: z.strictObject({}),
  credentials: null,
  create: ({ http, sandboxUrl }) =>
    sandboxUrl === null ? null : createSandboxChannel({ http, baseUrl: sandboxUrl }),
} as const satisfies ChannelDefinition;

export function createSandboxChannel({
  http,
  baseUrl,
}: {
  http: HttpClient;
  baseUrl: string;
}): Channel {
  const address = (path: string): string => new URL(path, baseUrl).href;
  return {
    id: 'sandbox',
    idempotencyOf: () => 'exact',
    validate: (variant, assets) => validateVariant(variant, assets, CHANNEL_LIMITS.sandbox),
    async publish({ account, key, marker, content, replyTo, signal, writeBefore }) {
      const post: SandboxPost = {
        account: account.name,
        marker,
        text: content.text,
        idempotencyKey: key,
        ...(content.link === undefined ? {} : { link: content.link }),
        ...(replyTo === null ? {} : { replyTo: replyTo.parent.remoteId }),
        ...(content.media?.length
          ? {
              media: content.media.map(({ hash, kind, altText }) => ({
                hash,
                kind,
                ...(altText !== undefined && { altText }),
              })),
            }
          : {}),
      };
      const outcome = await http.requestJson(
        { method: 'POST', url: address('/v1/posts'), json: post, signal, writeBefore },
        SandboxRemotePost,
      );
      return publishOutcome(outcome);
    },
    async lookup({ account, marker, signal }) {
      const query = new URLSearchParams({ marker, account: account.name });
      const outcome = await http.getJson(address(`/v1/posts?${query}`), SandboxPostList, {
        signal,
      });
      return lookupOutcome(outcome);
    },
  };
}

function publishOutcome(outcome: JsonOutcome<SandboxRemotePost>): PublishOutcome {
  switch (outcome.kind) {
    case 'json':
      return { outcome: 'published', ...outcome.value };
    case 'not_sent':
      return {
        outcome: 'retryable',
        code: 'unreachable',
        message: outcome.message,
        retryAfterMs: UNREACHABLE_WAIT_MS,
      };
    case 'unknown':
      return { outcome: 'unknown', code: unknownCode(outcome.code), message: outcome.message };
    case 'response':
      return refusedOutcome(outcome);
  }
}

function unknownCode(code: UnknownCode): UnknownOutcomeCode {
  switch (code) {
    case 'timeout':
    case 'aborted':
      return 'timeout';
    case 'connection_lost':
      return 'connection_lost';
    case 'protocol_error':
    case 'redirected':
    case 'response_too_large':
    case 'content_type_not_accepted':
    case 'content_encoding_not_accepted':
    case 'body_unreadable':
      return 'answer_unusable';
  }
}

/** Only statuses whose meaning is documented are final; any other may hide an accepted post. */
function refusedOutcome(response: HttpResponse): PublishOutcome {
  const message = describe(response);
  switch (response.status) {
    case 400:
    case 415:
    case 422:
      return { outcome: 'rejected', code: 'content_refused', message };
    case 413:
      return { outcome: 'rejected', code: 'content_too_large', message };
    case 401:
      return { outcome: 'rejected', code: 'credentials_refused', message };
    case 403:
      return { outcome: 'rejected', code: 'not_permitted', message };
    case 404:
      return { outcome: 'rejected', code: 'account_unknown', message };
    case 409:
      // An earlier send with this key was accepted: the look-up finds it.
      return { outcome: 'unknown', code: 'key_used_for_other_content', message };
    case 429:
      return {
        outcome: 'retryable',
        code: 'rate_limited',
        message,
        retryAfterMs: retryAfterMs(response.headers, Date.now()) ?? RATE_LIMIT_WAIT_MS,
      };
  }
  return {
    outcome: 'unknown',
    code: response.status >= 500 ? 'server_error' : 'answer_unusable',
    message,
  };
}

function lookupOutcome(outcome: JsonOutcome<SandboxPostList>): LookupOutcome {
  switch (outcome.kind) {
    case 'json': {
      const [post, ...others] = outcome.value.items.map(({ remoteId, permalink, at }) => ({
        remoteId,
        permalink,
        at,
      }));
      return post ? { outcome: 'found', post, others } : { outcome: 'absent' };
    }
    case 'not_sent':
    case 'unknown':
      return { outcome: 'cannot_tell', message: outcome.message };
    case 'response':
      return {
        outcome: 'cannot_tell',
        message: describe(outcome),
        ...(outcome.status === 429 && {
          retryAfterMs: retryAfterMs(outcome.headers, Date.now()) ?? RATE_LIMIT_WAIT_MS,
        }),
      };
  }
}

/** The network's own words, cut: they end in a workflow's history. */
function describe({ status, body }: HttpResponse): string {
  let said = '';
  try {
    const error = SandboxError.parse(JSON.parse(body.toString('utf8')));
    said = `: ${error.code}, ${error.message}`;
  } catch {
    // Not the network's error form: the status has to do.
  }
  return `Sandbox answered ${status}${said}`.slice(0, MAX_QUOTED);
}
