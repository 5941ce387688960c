/** docs/adding-a-channel.md: a whole channel in one file. */
import { afterAll, beforeAll } from 'vitest';
import { z } from 'zod';
import { type FakeReceiver, startFakeReceiver } from '../../test/support/fake-receiver.ts';
import { createHttpClient, type HttpClient } from '../http/http-client.ts';
import type { HttpOutcome } from '../http/http-outcome.ts';
import { describeChannel } from './channel.testsuite.ts';
import type {
  Channel,
  ChannelAccount,
  ChannelDefinition,
  Post,
  PublishOutcome,
} from './channel.ts';
import { describeExceptions } from './exceptions.testsuite.ts';
import { publishInSteps } from './publish-steps.ts';
import { notSentOutcome, unknownOutcome } from './request-outcomes.ts';
import { deliveryBodyOf, deliveryIdOf, signedHeaders } from './webhook/delivery.ts';

const Settings = z.strictObject({ url: z.url() });
const Credentials = z.strictObject({ secret: z.string() });
const Live = z.object({ remoteId: z.string(), permalink: z.string() });

const TINY = {
  id: 'linkedin',
  settings: Settings,
  credentials: Credentials,
  create({ http }): Channel {
    const requestOf = (method: 'GET' | 'POST', post: Post) => {
      const body = method === 'POST' ? deliveryBodyOf(post) : '';
      const id = deliveryIdOf(post);
      const headers = signedHeaders(
        { id, body },
        Credentials.parse(post.account.credentials).secret,
      );
      const url = `${Settings.parse(post.account.settings).url}?id=${id}`;
      return { method, url, headers, ...(body !== '' && { body }) };
    };
    return {
      id: 'linkedin',
      idempotencyOf: () => 'exact',
      publish: publishInSteps({
        prepare: async (post) => ({ ready: { ask: requestOf('POST', post), dueAt: post.dueAt } }),
        write: async ({ ask, dueAt }, limits) =>
          outcomeOf(await http.request({ ...ask, ...limits }), dueAt),
      }),
      async lookup({ signal, ...post }) {
        const answer = await http.request({ ...requestOf('GET', post), signal });
        if (answer.kind !== 'response') return { outcome: 'cannot_tell', message: answer.message };
        const live = liveOf(answer, post.dueAt);
        if (live !== null) return { outcome: 'found', post: live, others: [] };
        if (answer.status === 404) return { outcome: 'absent' };
        return { outcome: 'cannot_tell', message: `status ${answer.status}` };
      },
    };
  },
} as const satisfies ChannelDefinition;

function outcomeOf(answer: HttpOutcome, dueAt: string): PublishOutcome {
  if (answer.kind === 'not_sent') return notSentOutcome(answer);
  if (answer.kind === 'unknown') return unknownOutcome(answer);
  const live = liveOf(answer, dueAt);
  if (live !== null) return { outcome: 'published', ...live };
  const message = `status ${answer.status}`;
  switch (answer.status) {
    case 422:
      return { outcome: 'rejected', code: 'content_refused', message };
    case 401:
      return { outcome: 'rejected', code: 'credentials_refused', message };
    case 429:
      return { outcome: 'retryable', code: 'rate_limited', message, retryAfterMs: 60_000 };
  }
  return { outcome: 'unknown', code: 'answer_unusable', message };
}

function liveOf(answer: HttpOutcome, dueAt: string) {
  if (answer.kind !== 'response' || answer.status !== 200) return null;
  try {
    const live = Live.safeParse(JSON.parse(answer.body.toString('utf8')));
    return live.success ? { ...live.data, at: dueAt } : null;
  } catch {
    return null;
  }
}

let receiver: FakeReceiver;
let http: HttpClient;
let channel: Channel;
let account: ChannelAccount;
beforeAll(async () => {
  receiver = await startFakeReceiver();
  const { url, secret } = receiver;
  http = createHttpClient({ allowedOrigins: [url] });
  channel = TINY.create({ http, sandboxUrl: null });
  account = { id: 'cha_1', name: 'Tiny', settings: { url }, credentials: { secret } };
});
afterAll(() => receiver.close());

describeChannel('a channel in one file', () => ({
  channel,
  account,
  fail: async (marker, fault) => receiver.fail(marker, fault),
  accepted,
}));

describeExceptions('a channel in one file', () => ({
  http,
  account,
  channelWith: (client) => TINY.create({ http: client, sandboxUrl: null }),
  isWrite: ({ method }) => method === 'POST',
  content: { text: 'Bonjour', language: 'fr' },
  accepted,
}));

function accepted(marker: string): number {
  return [...receiver.taken.values()].filter(({ data }) => data.marker === marker).length;
}
