import { z } from 'zod';
import type { HttpClient, HttpRequest, JsonRequest } from '../../http/http-client.ts';
import type { HttpOutcome, JsonOutcome } from '../../http/http-outcome.ts';

const MAX_LISTING_BYTES = 4_194_304;
/** For a file on a slow line; the caller's signal usually ends it before. */
const UPLOAD_TIMEOUT_MS = 120_000;
export const LISTING_PAGE = 40;

/** A number, a ULID or a UUID, as the server's software has it. */
const Id = z.string().regex(/^[\w-]{1,64}$/);

/** entities/Application. */
const Application = z.object({ name: z.string().max(1_000) });

/** What is used of a status (entities/Status); servers add more. */
export const RemoteStatus = z.object({
  id: Id,
  created_at: z.iso.datetime({ offset: true }),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .nullable()
    .catch(null),
  content: z.string(),
  in_reply_to_id: Id.nullish(),
  edited_at: z.string().nullish(),
  /** What it was posted with; servers tell its author. */
  application: Application.nullish().catch(null),
});
export type RemoteStatus = z.infer<typeof RemoteStatus>;

/** A file that was taken (entities/MediaAttachment). */
const RemoteMedia = z.object({ id: Id });
const OwnAccount = z.object({ id: Id });

export interface StatusForm {
  status: string;
  language?: string;
  visibility: 'public' | 'unlisted' | 'private';
  sensitive: boolean;
  spoiler_text?: string;
  in_reply_to_id?: string;
  media_ids?: string[];
}

export interface MediaForm {
  bytes: Uint8Array<ArrayBuffer>;
  mediaType: string;
  description: string | undefined;
}

/** When a call has to end, and until when it may begin to be written. */
export interface CallLimits {
  signal: AbortSignal;
  writeBefore: number;
}

/** The client leaves a request unwritten that begins too late; without it only the signal ends one. */
type Bounded<Request> = Request & { writeBefore?: number };

/**
 * The calls of Mastodon's REST API that publishing needs, each made once, through the guarded client
 * (docs.joinmastodon.org: methods/statuses, methods/media, methods/accounts).
 */
export class ServerApi {
  readonly #http: HttpClient;
  readonly #server: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(http: HttpClient, account: { server: string; accessToken: string }) {
    this.#http = http;
    this.#server = account.server;
    this.#headers = { authorization: `Bearer ${account.accessToken}` };
  }

  postStatus(
    form: StatusForm,
    { key, ...limits }: CallLimits & { key: string },
  ): Promise<JsonOutcome<RemoteStatus>> {
    const request: Bounded<JsonRequest> = {
      method: 'POST',
      url: this.#address('/api/v1/statuses'),
      headers: { ...this.#headers, 'idempotency-key': key },
      json: form,
      ...limits,
    };
    return this.#http.requestJson(request, RemoteStatus);
  }

  /** @returns the file's id, also while the server still works on it (202). */
  async uploadMedia(
    { bytes, mediaType, description }: MediaForm,
    limits: CallLimits,
  ): Promise<{ id: string; processing: boolean } | HttpOutcome> {
    const form = new FormData();
    form.set('file', new Blob([bytes], { type: mediaType }), fileNameOf(mediaType));
    if (description !== undefined) form.set('description', description);
    const encoded = new Response(form);
    const request: Bounded<HttpRequest> = {
      method: 'POST',
      url: this.#address('/api/v2/media'),
      headers: {
        ...this.#headers,
        'content-type': encoded.headers.get('content-type') ?? 'multipart/form-data',
      },
      body: new Uint8Array(await encoded.arrayBuffer()),
      accept: ['application/json'],
      timeoutMs: UPLOAD_TIMEOUT_MS,
      ...limits,
    };
    const outcome = await this.#http.request(request);
    if (outcome.kind !== 'response' || (outcome.status !== 200 && outcome.status !== 202)) {
      return outcome;
    }
    const id = mediaIdOf(outcome.body);
    return id === null
      ? {
          kind: 'unknown',
          code: 'body_unreadable',
          message: 'the answer to an upload names no file',
          status: outcome.status,
        }
      : { id, processing: outcome.status === 202 };
  }

  /** 200: ready; 206: still processed; 404 and 422: gone, or could not be processed. */
  media(id: string, { signal }: Pick<CallLimits, 'signal'>): Promise<HttpOutcome> {
    return this.#http.request({
      method: 'GET',
      url: this.#address(`/api/v1/media/${encodeURIComponent(id)}`),
      headers: this.#headers,
      signal,
    });
  }

  ownAccount(signal: AbortSignal): Promise<JsonOutcome<{ id: string }>> {
    return this.#http.getJson(this.#address('/api/v1/accounts/verify_credentials'), OwnAccount, {
      headers: this.#headers,
      signal,
    });
  }

  /** The application that the token belongs to. */
  ownApplication(signal: AbortSignal): Promise<JsonOutcome<{ name: string }>> {
    return this.#http.getJson(this.#address('/api/v1/apps/verify_credentials'), Application, {
      headers: this.#headers,
      signal,
    });
  }

  /** One page of an account's own statuses, newest first, older than `maxId`. */
  statuses(
    accountId: string,
    { maxId, signal }: { maxId: string | null; signal: AbortSignal },
  ): Promise<JsonOutcome<RemoteStatus[]>> {
    const query = new URLSearchParams({ limit: String(LISTING_PAGE), exclude_reblogs: 'true' });
    if (maxId !== null) query.set('max_id', maxId);
    const path = `/api/v1/accounts/${encodeURIComponent(accountId)}/statuses?${query}`;
    return this.#http.getJson(this.#address(path), z.array(RemoteStatus), {
      headers: this.#headers,
      maxResponseBytes: MAX_LISTING_BYTES,
      signal,
    });
  }

  #address(path: string): string {
    return new URL(path, this.#server).href;
  }
}

/** Servers judge a file by its bytes; some refuse one without an extension. */
function fileNameOf(mediaType: string): string {
  return `file.${/\/([a-z0-9]+)/.exec(mediaType)?.[1] ?? 'bin'}`;
}

function mediaIdOf(body: Buffer): string | null {
  try {
    return RemoteMedia.parse(JSON.parse(body.toString('utf8'))).id;
  } catch {
    return null;
  }
}
