import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type {
  Channel,
  ChannelAccount,
  PostMedia,
  PublishRequest,
  RemotePost,
} from '../../../src/channels/channel.ts';
import { createMastodonChannel, MASTODON } from '../../../src/channels/mastodon/adapter.ts';
import { createHttpClient } from '../../../src/http/http-client.ts';
import type { Account } from './network.ts';
import { type MastodonServer, type MastodonServerOptions, startMastodonServer } from './server.ts';

export const HOUR_MS = 3_600_000;
/** Nothing waits for it but an answer that never comes. */
export const PATIENCE_MS = 5_000;
export const TEXT = 'Une brioche, « tiède » 🥖';

export type OwnAccount = Account & { token: string };

export function accountOf(
  server: MastodonServer,
  own: OwnAccount,
  settings: Record<string, unknown> = {},
): ChannelAccount {
  return {
    id: `cha_${own.id}`,
    name: own.name,
    settings: MASTODON.settings.parse({ server: server.origin, ...settings }),
    credentials: { accessToken: own.token },
  };
}

export function channelAt(server: MastodonServer): Channel {
  return createMastodonChannel({ http: createHttpClient({ allowedOrigins: [server.origin] }) });
}

/** What the running test plays with. */
export let server: MastodonServer;
export let own: OwnAccount;
export let account: ChannelAccount;
export let channel: Channel;

/** A server of the test's own, and one account on it. */
export async function start(options: Partial<MastodonServerOptions> = {}): Promise<void> {
  server = await startMastodonServer({ keyWindowMs: HOUR_MS, ...options });
  own = server.newAccount();
  account = accountOf(server, own);
  channel = channelAt(server);
}

export async function stop(): Promise<void> {
  await server?.close();
}

export function request(to: ChannelAccount, content: Partial<PublishRequest['content']> = {}) {
  return {
    account: to,
    key: randomUUID(),
    marker: `btn-${randomUUID().slice(0, 20)}`,
    dueAt: new Date().toISOString(),
    content: { text: TEXT, language: 'fr-FR', ...content },
    replyTo: null,
    signal: AbortSignal.timeout(PATIENCE_MS),
    writeBefore: performance.now() + PATIENCE_MS,
  } satisfies PublishRequest;
}

export function image(bytes: string, rest: Partial<PostMedia> = {}): PostMedia {
  return {
    hash: createHash('sha256').update(bytes).digest('hex'),
    kind: 'visual',
    altText: 'Un fournil',
    mediaType: 'image/png',
    size: Buffer.byteLength(bytes),
    open: async () => Readable.from([Buffer.from(bytes)]),
    ...rest,
  };
}

export async function published(sent: PublishRequest, by = channel): Promise<RemotePost> {
  const outcome = await by.publish(sent);
  if (outcome.outcome !== 'published') throw new Error(JSON.stringify(outcome));
  const { remoteId, permalink, at } = outcome;
  return { remoteId, permalink, at };
}
