import { z } from 'zod';
import { Instant } from '../../domain/instant.ts';
import { REMOTE_ID_BYTES } from '../../domain/item/size.ts';
import type { HttpClient } from '../../http/http-client.ts';
import type { HttpOutcome, HttpResponse } from '../../http/http-outcome.ts';
import type {
  Channel,
  ChannelAccount,
  ChannelDefinition,
  Idempotency,
  LookupOutcome,
  Post,
  PublishOutcome,
  RemotePost,
} from '../channel.ts';
import { publishInSteps } from '../publish-steps.ts';
import {
  cannotTellAfter,
  type FailedOutcome,
  notSentOutcome,
  refusedOutcome,
  unknownOutcome,
} from '../request-outcomes.ts';
import { WebhookCredentials, WebhookSettings } from './account.ts';
import { deliveryBodyOf, deliveryIdOf, signedHeaders } from './delivery.ts';

const MAX_ANSWER_BYTES = 65_536;
/** Beside what means the same everywhere (docs/channels.md). */
const GONE = { 404: 'account_unknown', 410: 'account_unknown' } as const;

const Answer = z.object({
  remoteId: z.string().min(1).max(REMOTE_ID_BYTES).optional(),
  permalink: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .nullish(),
  /** When the receiver took it. */
  at: Instant.optional(),
});

/** The customer's own endpoint. What a repetition does there is what its owner says. */
export const WEBHOOK = {
  id: 'webhook',
  settings: WebhookSettings,
  credentials: WebhookCredentials,
  create: createWebhookChannel,
} as const satisfies ChannelDefinition;

export function createWebhookChannel({ http }: { http: HttpClient }): Channel {
  return {
    id: 'webhook',
    idempotencyOf: ({ settings }) => idempotencyOf(settings),
    publish: publishInSteps({
      async prepare(post) {
        const receiver = receiverOf(post.account);
        if (typeof receiver === 'string') {
          return { outcome: 'rejected', code: 'credentials_refused', message: receiver };
        }
        const body = deliveryBodyOf(post);
        const headers = signedHeaders({ id: deliveryIdOf(post), body }, receiver.secret);
        return { ready: { url: receiver.url, headers, body, own: ownPostOf(post) } };
      },
      async write({ url, headers, body, own }, limits) {
        const outcome = await http.request({
          method: 'POST',
          url,
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          maxResponseBytes: MAX_ANSWER_BYTES,
          ...limits,
        });
        return publishOutcome(outcome, own);
      },
    }),
    async lookup({ signal, ...post }) {
      const receiver = receiverOf(post.account);
      if (typeof receiver === 'string') return { outcome: 'cannot_tell', message: receiver };
      if (signal.aborted)
        return { outcome: 'cannot_tell', message: 'given up before it was asked' };
      if (receiver.lookupUrl === undefined) return withoutLookup(receiver);
      const id = deliveryIdOf(post);
      const url = new URL(receiver.lookupUrl);
      url.searchParams.set('id', id);
      const outcome = await http.request({
        method: 'GET',
        url: url.href,
        headers: signedHeaders({ id, body: '' }, receiver.secret),
        maxResponseBytes: MAX_ANSWER_BYTES,
        signal,
      });
      return lookupOutcome(outcome, ownPostOf(post));
    },
  };
}

function idempotencyOf(settings: ChannelAccount['settings']): Idempotency {
  const { data } = WebhookSettings.safeParse(settings);
  if (data?.idempotency === 'exact') return 'exact';
  return data?.lookupUrl === undefined ? 'none' : 'match';
}

/** @returns what is missing, in words, when nothing can be sent. */
function receiverOf({
  settings,
  credentials,
}: ChannelAccount): (WebhookSettings & { secret: string }) | string {
  const where = WebhookSettings.safeParse(settings);
  if (!where.success) return 'the settings of the account are not those of a webhook';
  const known = WebhookCredentials.safeParse(credentials);
  if (!known.success) return 'no signing secret is stored for the account';
  return { ...where.data, ...known.data };
}

/** Nobody can be asked. Where a repetition is promised to be harmless, it is what asks. */
function withoutLookup({ idempotency }: WebhookSettings): LookupOutcome {
  return idempotency === 'exact'
    ? { outcome: 'absent' }
    : { outcome: 'cannot_tell', message: 'the account has no lookupUrl to ask' };
}

function publishOutcome(outcome: HttpOutcome, own: RemotePost): PublishOutcome {
  switch (outcome.kind) {
    case 'not_sent':
      return notSentOutcome(outcome);
    case 'unknown':
      return unknownOutcome(outcome);
    case 'response': {
      if (outcome.status < 200 || outcome.status > 299) return failedOutcome(outcome);
      const remote = remotePostOf(outcome, own);
      const message = `the receiver answered ${outcome.status} with something else than JSON`;
      return remote === null
        ? { outcome: 'unknown', code: 'answer_unusable', message }
        : { outcome: 'published', ...remote };
    }
  }
}

function failedOutcome(answer: HttpResponse): FailedOutcome {
  const message = `the receiver answered ${answer.status}`;
  return answer.status === 409
    ? { outcome: 'unknown', code: 'key_used_for_other_content', message }
    : refusedOutcome(answer, message, { rejections: GONE });
}

function lookupOutcome(outcome: HttpOutcome, own: RemotePost): LookupOutcome {
  if (outcome.kind !== 'response') return { outcome: 'cannot_tell', message: outcome.message };
  if (outcome.status === 404) return { outcome: 'absent' };
  if (outcome.status === 429) return cannotTellAfter(failedOutcome(outcome));
  const found =
    outcome.status === 200 && outcome.body.length > 0 ? remotePostOf(outcome, own) : null;
  return found === null
    ? { outcome: 'cannot_tell', message: `the look-up was answered with ${outcome.status}` }
    : { outcome: 'found', post: found, others: [] };
}

/** The post as far as its receiver says nothing of it. */
function ownPostOf(post: Post): RemotePost {
  return { remoteId: deliveryIdOf(post), permalink: null, at: post.dueAt };
}

/** What the receiver says of the post. Nothing is fine; something else than JSON did not come from it. */
function remotePostOf({ headers, body }: HttpResponse, own: RemotePost): RemotePost | null {
  if (body.length === 0) return own;
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return null;
  try {
    const { remoteId, permalink, at } = Answer.parse(JSON.parse(body.toString('utf8')));
    return {
      remoteId: remoteId ?? own.remoteId,
      permalink: permalink ?? null,
      at: at ?? own.at,
    };
  } catch {
    return null;
  }
}
