import { validateVariant } from '../../domain/channel/variant-limits.ts';
import type { HttpClient } from '../../http/http-client.ts';
import type {
  Channel,
  ChannelAccount,
  ChannelDefinition,
  PostContent,
  PublishOutcome,
  PublishRequest,
} from '../channel.ts';
import { publishInSteps, type WriteLimits, withoutCredentials } from '../publish-steps.ts';
import type { FailedOutcome } from '../request-outcomes.ts';
import { findPost, readsAs, remotePostOf } from './find-post.ts';
import { type InstanceLimits, InstanceLimitsCache } from './instance-limits.ts';
import { failureOf, rejected } from './outcomes.ts';
import { type RemoteStatus, ServerApi, type StatusForm } from './server-api.ts';
import { idempotencyOf, MastodonCredentials, MastodonSettings } from './settings.ts';
import { statusLanguage } from './status-language.ts';
import { comparable } from './status-text.ts';
import { Uploads } from './uploads.ts';

/** A status that is older than its request by more than this was made by an earlier one. */
const REPLAY_AGE_MS = 60_000;

/** Mastodon, and servers that speak its API. */
export const MASTODON = {
  id: 'mastodon',
  settings: MastodonSettings,
  credentials: MastodonCredentials,
  create: ({ http }) => createMastodonChannel({ http }),
} as const satisfies ChannelDefinition;

export function createMastodonChannel({ http }: { http: HttpClient }): Channel {
  const instances = new InstanceLimitsCache(http);
  const uploads = new Uploads();
  return {
    id: 'mastodon',
    idempotencyOf,
    publish: publishInSteps({
      async prepare(request) {
        const opened = openAccount(request.account);
        if ('outcome' in opened) return opened;
        const { settings, accessToken } = opened;
        const api = new ServerApi(http, { server: settings.server, accessToken });
        const instance = await instances.of(settings.server, request.signal);
        const failure = contentFailure(request.content, settings, instance);
        if (failure !== null) return failure;
        const mediaIds = await uploads.all(api, request);
        if ('outcome' in mediaIds) return mediaIds;
        const { key, content } = request;
        const form = formOf(request, settings, mediaIds);
        return { ready: { api, key, form, text: content.text } };
      },
      write,
    }),
    comparableOf: comparable,
    async lookup(request) {
      const opened = openAccount(request.account);
      if ('outcome' in opened) return { outcome: 'cannot_tell', message: opened.message };
      const { settings, accessToken } = opened;
      const api = new ServerApi(http, { server: settings.server, accessToken });
      return withoutCredentials(request.account, await findPost(api, request));
    },
  };
}

async function write(
  { api, key, form, text }: { api: ServerApi; key: string; form: StatusForm; text: string },
  limits: WriteLimits,
): Promise<PublishOutcome> {
  const begun = Date.now();
  const outcome = await api.postStatus(form, { key, ...limits });
  if (outcome.kind !== 'json') return failureOf(outcome);
  return isOtherPost(outcome.value, text, begun)
    ? {
        outcome: 'unknown',
        code: 'key_used_for_other_content',
        message: `Mastodon answered with status ${outcome.value.id}, made earlier with the same key and another text`,
      }
    : { outcome: 'published', ...remotePostOf(outcome.value) };
}

function formOf(
  { content, replyTo }: PublishRequest,
  { visibility, sensitive, spoilerText }: MastodonSettings,
  mediaIds: string[],
): StatusForm {
  const language = statusLanguage(content.language);
  return {
    status: content.text,
    ...(language !== null && { language }),
    visibility,
    sensitive,
    ...(spoilerText !== undefined && { spoiler_text: spoilerText }),
    ...(replyTo !== null && { in_reply_to_id: replyTo.parent.remoteId }),
    ...(mediaIds.length > 0 && { media_ids: mediaIds }),
  };
}

/**
 * A repeated key is answered with the status it made, whatever the text is now. Servers that show a text in
 * their own way would look the same, so a status that this request made is taken as it is.
 */
function isOtherPost(status: RemoteStatus, text: string, begun: number): boolean {
  return Date.parse(status.created_at) < begun - REPLAY_AGE_MS && !readsAs(status, text);
}

/** What the server's own limits say against a post, before anything is sent. */
function contentFailure(
  { text, media = [] }: PostContent,
  { spoilerText }: MastodonSettings,
  { limits, mediaTypes }: InstanceLimits,
): FailedOutcome | null {
  const variant = {
    channel: 'mastodon',
    text,
    warning: spoilerText,
    assets: media.map(({ hash }) => hash),
  } as const;
  const [broken] = validateVariant(variant, media, limits);
  if (broken) return rejected('content_refused', broken.message);
  const odd = media.find(({ mediaType }) => mediaTypes?.includes(mediaType) === false);
  return odd
    ? rejected('content_refused', `this server takes no files of type ${odd.mediaType}`)
    : null;
}

function openAccount(
  account: ChannelAccount,
): { settings: MastodonSettings; accessToken: string } | (FailedOutcome & { message: string }) {
  const settings = MastodonSettings.safeParse(account.settings);
  if (!settings.success) {
    const [issue] = settings.error.issues;
    return rejected(
      'account_unknown',
      `setting ${issue?.path.join('.') ?? ''} of the account: ${issue?.message ?? 'unreadable'}`,
    );
  }
  const credentials = MastodonCredentials.safeParse(account.credentials);
  return credentials.success
    ? { settings: settings.data, accessToken: credentials.data.accessToken }
    : rejected('credentials_refused', 'the account has no access token');
}
