import { setTimeout as pause } from 'node:timers/promises';
import type { PostMedia, PublishRequest } from '../channel.ts';
import { bytesOf } from '../file-bytes.ts';
import { type FailedOutcome, unreachable } from '../request-outcomes.ts';
import { harmlessFailureOf, quote, rejected } from './outcomes.ts';
import type { CallLimits, ServerApi } from './server-api.ts';

const POLL_MS = 500;
/** What is left of the time to write when the wait for a file ends: the post itself has to be written too. */
const RESERVED_MS = 200;
const PROCESSING_WAIT_MS = 30_000;
/** Servers keep a file that no post uses for a day. */
const KEPT_MS = 3_600_000;
const MAX_KEPT = 1_000;

/**
 * Uploads the files of posts and waits until the server has processed them. No post exists before all of its
 * files are there, so an upload that fails may be repeated. An upload is remembered: a later attempt at
 * the same post goes on waiting for it, since servers count uploads and a video may take minutes.
 */
export class Uploads {
  readonly #uploads = new Map<string, { id: string; until: number }>();

  /** @returns the ids of the post's files, in its order */
  async all(
    api: ServerApi,
    { account, key, content, signal, writeBefore }: PublishRequest,
  ): Promise<string[] | FailedOutcome> {
    const ids: string[] = [];
    for (const [index, file] of (content.media ?? []).entries()) {
      const name = [account.id, key, index, file.hash].join('\n');
      const id = await this.#ready(api, { file, name }, { signal, writeBefore });
      if (typeof id !== 'string') return id;
      ids.push(id);
    }
    return ids;
  }

  async #ready(
    api: ServerApi,
    { file, name }: { file: PostMedia; name: string },
    limits: CallLimits,
  ): Promise<string | FailedOutcome> {
    const earlier = this.#uploads.get(name);
    if (earlier !== undefined && earlier.until > performance.now()) {
      const id = await processed(api, earlier.id, limits);
      if (id !== null) return id;
    }
    const bytes = await bytesOf(file);
    if (bytes === null) return unreachable(`file ${file.hash} is not readable as it was approved`);
    const { mediaType, altText: description } = file;
    const upload = await api.uploadMedia({ bytes, mediaType, description }, limits);
    if ('kind' in upload) return harmlessFailureOf(upload);
    this.#keep(name, upload.id);
    if (!upload.processing) return upload.id;
    return (await processed(api, upload.id, limits)) ?? unreachable('Mastodon lost a file');
  }

  #keep(name: string, id: string): void {
    this.#uploads.delete(name);
    this.#uploads.set(name, { id, until: performance.now() + KEPT_MS });
    for (const oldest of this.#uploads.keys()) {
      if (this.#uploads.size <= MAX_KEPT) break;
      this.#uploads.delete(oldest);
    }
  }
}

/** The file's id once it is processed; null when the server has it no more, or a post uses it. */
async function processed(
  api: ServerApi,
  id: string,
  { signal, writeBefore }: CallLimits,
): Promise<string | null | FailedOutcome> {
  while (performance.now() + RESERVED_MS < writeBefore && !signal.aborted) {
    const outcome = await api.media(id, { signal });
    if (outcome.kind !== 'response') return harmlessFailureOf(outcome);
    if (outcome.status === 200) return id;
    if (outcome.status === 404) return null;
    if (outcome.status === 422) return rejected('content_refused', quote(outcome));
    if (outcome.status !== 206) return harmlessFailureOf(outcome);
    const left = writeBefore - RESERVED_MS - performance.now();
    await pause(Math.max(0, Math.min(POLL_MS, left)), undefined, { signal }).catch(() => undefined);
  }
  return unreachable('Mastodon still processes a file', PROCESSING_WAIT_MS);
}
