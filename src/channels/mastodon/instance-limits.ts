import { z } from 'zod';
import { CHANNEL_LIMITS, type ChannelLimits } from '../../domain/channel/channels.ts';
import type { HttpClient } from '../../http/http-client.ts';

const ANSWER_TIMEOUT_MS = 3_000;
const KEPT_MS = 3_600_000;
/** A server that does not say is asked again sooner. */
const KEPT_AFTER_FAILURE_MS = 60_000;
const MAX_SERVERS = 1_000;

const count = z.int().positive().optional().catch(undefined);

/** What is used of entities/Instance; a field that is missing or odd leaves the default. */
const Instance = z.object({
  configuration: z.object({
    statuses: z
      .object({
        max_characters: count,
        max_media_attachments: count,
        characters_reserved_per_url: count,
      })
      .catch({}),
    media_attachments: z
      .object({
        description_limit: count,
        image_size_limit: count,
        video_size_limit: count,
        supported_mime_types: z.array(z.string()).optional().catch(undefined),
      })
      .catch({}),
  }),
});

export interface InstanceLimits {
  limits: ChannelLimits;
  /** Media types the server takes; null where it does not say. */
  mediaTypes: readonly string[] | null;
}

/** Dated figures, for a server that does not answer. */
const DEFAULTS: InstanceLimits = { limits: CHANNEL_LIMITS.mastodon, mediaTypes: null };

/**
 * The limits that each server states (`GET /api/v2/instance`), asked for once an hour. Posts that are due
 * together share one question; a caller whose signal fires goes on with the defaults.
 */
export class InstanceLimitsCache {
  readonly #http: HttpClient;
  readonly #now: () => number;
  readonly #entries = new Map<string, { until: number; answer: Promise<InstanceLimits> }>();

  constructor(http: HttpClient, now: () => number = () => performance.now()) {
    this.#http = http;
    this.#now = now;
  }

  async of(server: string, signal: AbortSignal): Promise<InstanceLimits> {
    const entry = this.#entries.get(server);
    const answer =
      entry !== undefined && entry.until > this.#now() ? entry.answer : this.#ask(server);
    if (signal.aborted) return DEFAULTS;
    let onAbort: () => void = () => undefined;
    const aborted = new Promise<InstanceLimits>((resolve) => {
      onAbort = () => resolve(DEFAULTS);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([answer, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #ask(server: string): Promise<InstanceLimits> {
    const entry = { until: this.#now() + KEPT_MS, answer: Promise.resolve(DEFAULTS) };
    entry.answer = this.#fetch(server)
      .catch(() => null)
      .then((limits) => {
        if (limits === null) entry.until = this.#now() + KEPT_AFTER_FAILURE_MS;
        return limits ?? DEFAULTS;
      });
    this.#entries.delete(server);
    this.#entries.set(server, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_SERVERS) break;
      this.#entries.delete(oldest);
    }
    return entry.answer;
  }

  async #fetch(server: string): Promise<InstanceLimits | null> {
    const outcome = await this.#http.getJson(new URL('/api/v2/instance', server).href, Instance, {
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    return outcome.kind === 'json' ? statedLimits(outcome.value) : null;
  }
}

function statedLimits({ configuration }: z.infer<typeof Instance>): InstanceLimits {
  const { statuses, media_attachments: media } = configuration;
  const { text, media: byDefault, altText, ...rest } = CHANNEL_LIMITS.mastodon;
  const { visual, video, audio } = byDefault.kinds;
  const files = statuses.max_media_attachments ?? byDefault.max;
  const videoBytes = media.video_size_limit ?? video.maxBytes;
  return {
    limits: {
      ...rest,
      text: {
        ...text,
        max: statuses.max_characters ?? text.max,
        urlWeight: statuses.characters_reserved_per_url ?? text.urlWeight,
      },
      media: {
        ...byDefault,
        max: files,
        kinds: {
          visual: { max: files, maxBytes: media.image_size_limit ?? visual.maxBytes },
          video: { ...video, maxBytes: videoBytes },
          audio: { ...audio, maxBytes: videoBytes },
        },
      },
      altText: { ...altText, max: media.description_limit ?? altText.max },
    },
    mediaTypes: media.supported_mime_types?.length ? media.supported_mime_types : null,
  };
}
