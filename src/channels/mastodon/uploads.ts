import { setTimeout as pause } from 'node:timers/promises';
import type { PostMedia } from '../channel.ts';
import { type FailedOutcome, harmlessFailureOf, quote, rejected, unreachable } from './outcomes.ts';
import type { CallLimits, ServerApi } from './server-api.ts';

const POLL_MS = 500;
/** What is left of the time to write when the wait for a file ends: the post itself has to be written too. */
const RESERVED_MS = 200;
const PROCESSING_WAIT_MS = 30_000;

/**
 * Uploads the files of a post, in its order, and waits until the server has processed them. No post exists
 * before all of them are there, so an upload that fails may be repeated.
 * @returns their ids
 */
export async function uploadAll(
  api: ServerApi,
  media: readonly PostMedia[],
  limits: CallLimits,
): Promise<string[] | FailedOutcome> {
  const ids: string[] = [];
  for (const file of media) {
    const id = await upload(api, file, limits);
    if (typeof id !== 'string') return id;
    ids.push(id);
  }
  return ids;
}

async function upload(
  api: ServerApi,
  file: PostMedia,
  limits: CallLimits,
): Promise<string | FailedOutcome> {
  const bytes = await bytesOf(file);
  if (bytes === null) return unreachable(`file ${file.hash} could not be read whole`);
  const { mediaType, altText: description } = file;
  const taken = await api.uploadMedia({ bytes, mediaType, description }, limits);
  if ('kind' in taken) return harmlessFailureOf(taken);
  return taken.processing ? await processed(api, taken.id, limits) : taken.id;
}

async function processed(
  api: ServerApi,
  id: string,
  { signal, writeBefore }: CallLimits,
): Promise<string | FailedOutcome> {
  while (performance.now() + RESERVED_MS < writeBefore && !signal.aborted) {
    const outcome = await api.media(id, { signal });
    if (outcome.kind !== 'response') return harmlessFailureOf(outcome);
    if (outcome.status === 200) return id;
    if (outcome.status === 422) return rejected('content_refused', quote(outcome));
    if (outcome.status !== 206) return harmlessFailureOf(outcome);
    const left = writeBefore - RESERVED_MS - performance.now();
    await pause(Math.max(0, Math.min(POLL_MS, left)), undefined, { signal }).catch(() => undefined);
  }
  return unreachable('Mastodon still processes a file', PROCESSING_WAIT_MS);
}

/** The whole file; null when it cannot be read, or is not as long as it is said to be. */
async function bytesOf(file: PostMedia): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(file.size);
  let at = 0;
  try {
    for await (const chunk of await file.open()) {
      const part: Uint8Array = Buffer.from(chunk);
      if (at + part.length > bytes.length) return null;
      bytes.set(part, at);
      at += part.length;
    }
  } catch {
    return null;
  }
  return at === bytes.length ? bytes : null;
}
