import { setTimeout as delay } from 'node:timers/promises';
import type { HttpClient } from '../../http/http-client.ts';
import type { HttpResponse, JsonOutcome } from '../../http/http-outcome.ts';
import type {
  Channel,
  ChannelAccount,
  ChannelDefinition,
  LookupOutcome,
  Post,
  PostMedia,
  PublishOutcome,
} from '../channel.ts';
import { publishInSteps } from '../publish-steps.ts';
import {
  rateLimitWaitMs,
  refusedOutcome,
  unknownOutcome,
  unreachable,
} from '../request-outcomes.ts';
import { KEY_RULE_HEADER, keyRuleHeader, keyRuleOf, SandboxSettings } from './key-rule.ts';
import {
  DUPLICATE_TEXT,
  SandboxError,
  type SandboxPost,
  SandboxPostAnswer,
  SandboxPostList,
} from './protocol.ts';

const MAX_QUOTED = 300;

/** How often a post that the network has accepted, but not published, is asked for. */
const STATE_POLL_MS = 250;

/**
 * The sandbox network as a channel. Its keys hold for ever, so a repeated send is harmless, unless the
 * account's settings say that this network is one of the other kinds.
 */
export const SANDBOX = {
  id: 'sandbox',
  settings: SandboxSettings,
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
    idempotencyOf: ({ settings }) => keyRuleOf(settings),
    publish: publishInSteps({
      prepare: async (request) => ({
        ready: { post: postOf(request), headers: ruleOf(request.account) },
      }),
      async write({ post, headers }, limits) {
        const outcome = await http.requestJson(
          {
            method: 'POST',
            url: address('/v1/posts'),
            headers,
            json: post,
            ...limits,
          },
          SandboxPostAnswer,
        );
        return publishOutcome(await untilPublished(outcome, limits.signal));
      },
    }),
    async lookup({ account, marker, signal }) {
      const query = new URLSearchParams({ marker, account: account.name });
      const outcome = await http.getJson(address(`/v1/posts?${query}`), SandboxPostList, {
        headers: ruleOf(account),
        signal,
      });
      return lookupOutcome(outcome, { marker, account: account.name });
    },
  };

  /** Asks until an accepted post is published. Whatever stops that leaves the first answer: still pending. */
  async function untilPublished(
    first: JsonOutcome<SandboxPostAnswer>,
    signal: AbortSignal,
  ): Promise<JsonOutcome<SandboxPostAnswer>> {
    if (first.kind !== 'json' || !isOpen(first.value)) return first;
    const url = address(`/v1/posts/${first.value.remoteId}`);
    while (!signal.aborted) {
      const answer = await http.getJson(url, SandboxPostAnswer, { signal });
      if (answer.kind === 'json' && !isOpen(answer.value)) return answer;
      await delay(STATE_POLL_MS, undefined, { signal }).catch(() => {});
    }
    return first;
  }
}

function postOf({ account, key, marker, content, replyTo }: Post): SandboxPost {
  return {
    account: account.name,
    marker,
    text: content.text,
    idempotencyKey: key,
    ...(content.link !== undefined && { link: content.link }),
    ...(replyTo !== null && { replyTo: replyTo.parent.remoteId }),
    ...(content.media?.length && { media: content.media.map(mediaOf) }),
  };
}

function ruleOf({ settings }: Pick<ChannelAccount, 'settings'>): Record<string, string> {
  return { [KEY_RULE_HEADER]: keyRuleHeader(keyRuleOf(settings)) };
}

function mediaOf({ hash, kind, altText }: PostMedia) {
  return { hash, kind, ...(altText !== undefined && { altText }) };
}

function isOpen(
  answer: SandboxPostAnswer,
): answer is Extract<SandboxPostAnswer, { remoteId: string }> {
  return answer.state === 'pending' || answer.state === 'ready';
}

function publishOutcome(outcome: JsonOutcome<SandboxPostAnswer>): PublishOutcome {
  switch (outcome.kind) {
    case 'json':
      return acceptedOutcome(outcome.value);
    case 'not_sent':
      return unreachable(outcome.message);
    case 'unknown':
      return unknownOutcome(outcome);
    case 'response':
      return failedOutcome(outcome);
  }
}

/** A success by its status is one only if the body says so too. */
function acceptedOutcome(answer: SandboxPostAnswer): PublishOutcome {
  switch (answer.state) {
    case 'rejected':
      return {
        outcome: 'rejected',
        code: 'content_refused',
        message: `Sandbox said: ${answer.code}, ${answer.message}`
          .slice(0, MAX_QUOTED)
          .toWellFormed(),
      };
    case 'published': {
      const { state: _, ...post } = answer;
      return { outcome: 'published', ...post };
    }
    case 'pending':
    case 'ready':
      return {
        outcome: 'unknown',
        code: 'timeout',
        message: `Sandbox accepted ${answer.remoteId}, which is still ${answer.state}`,
      };
  }
}

function failedOutcome(response: HttpResponse): PublishOutcome {
  const message = describe(response);
  // An earlier send with this key was accepted: the look-up finds it.
  if (response.status === 409) {
    return { outcome: 'unknown', code: 'key_used_for_other_content', message };
  }
  // Evidence that an earlier attempt is live, but not which post it is: the look-up finds it.
  if (response.status === 403 && errorIn(response)?.code === DUPLICATE_TEXT) {
    return { outcome: 'unknown', code: 'answer_unusable', message };
  }
  return refusedOutcome(response, message, { rejections: { 404: 'account_unknown' } });
}

function lookupOutcome(
  outcome: JsonOutcome<SandboxPostList>,
  asked: { marker: string; account: string },
): LookupOutcome {
  switch (outcome.kind) {
    case 'json': {
      const isOther = ({ marker, account }: SandboxPostList['items'][number]) =>
        marker !== asked.marker || account !== asked.account;
      if (outcome.value.items.some(isOther)) {
        return { outcome: 'cannot_tell', message: 'Sandbox lists other posts than were asked for' };
      }
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
        ...(outcome.status === 429 && { retryAfterMs: rateLimitWaitMs(outcome.headers) }),
      };
  }
}

/** The network's own words, cut: they end in a workflow's history. */
function describe(response: HttpResponse): string {
  const error = errorIn(response);
  const said = error === null ? '' : `: ${error.code}, ${error.message}`;
  return `Sandbox answered ${response.status}${said}`.slice(0, MAX_QUOTED).toWellFormed();
}

/** Null when the answer is not in the network's error form: then the status has to do. */
function errorIn({ body }: HttpResponse): SandboxError | null {
  try {
    return SandboxError.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}
