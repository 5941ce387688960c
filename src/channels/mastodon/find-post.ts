import type { HttpOutcome } from '../../http/http-outcome.ts';
import type { LookupOutcome, LookupRequest, RemotePost } from '../channel.ts';
import { cannotTellAfter } from '../request-outcomes.ts';
import { failureOf } from './outcomes.ts';
import { LISTING_PAGE, type RemoteStatus, type ServerApi } from './server-api.ts';
import { comparable, comparableHtml, decodeEntities } from './status-text.ts';

const MAX_PAGES = 10;
/** How far the server's clock may be behind ours. */
const CLOCK_SKEW_MS = 120_000;

type PostTraits = Pick<LookupRequest, 'content' | 'marker' | 'replyTo' | 'dueAt'>;

/**
 * Looks a post up among the account's own statuses, newest first, back to the time it was due: none of its
 * attempts can be older. `absent` only when every one of them was read and none may be the post.
 */
export async function findPost(
  api: ServerApi,
  { signal, ...traits }: PostTraits & { signal: AbortSignal },
): Promise<LookupOutcome> {
  const own = await api.ownAccount(signal);
  if (own.kind !== 'json') return cannotTell(own);
  const since = Date.parse(traits.dueAt) - CLOCK_SKEW_MS;
  const found: RemoteStatus[] = [];
  const seen = new Set<string>();
  let edited = 0;
  let maxId: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const listed = await api.statuses(own.value.id, { maxId, signal });
    if (listed.kind !== 'json') return cannotTell(listed);
    for (const status of listed.value) {
      if (seen.has(status.id)) {
        return { outcome: 'cannot_tell', message: 'Mastodon lists the same statuses again' };
      }
      seen.add(status.id);
      if (Date.parse(status.created_at) < since) return summary(found, edited);
      if (isSought(status, traits)) found.push(status);
      else if (status.edited_at && isReplyAs(status, traits)) edited += 1;
    }
    maxId = listed.value.at(-1)?.id ?? null;
    if (maxId === null) return summary(found, edited);
  }
  if (found.length > 0) return summary(found, edited);
  return {
    outcome: 'cannot_tell',
    message: `Mastodon has more than ${MAX_PAGES * LISTING_PAGE} statuses since the post was due`,
  };
}

/** How a status is a post for the rest of Baton. */
export function remotePostOf({ id, url, created_at }: RemoteStatus): RemotePost {
  return { remoteId: id, permalink: url, at: new Date(created_at).toISOString() };
}

/** Whether a status reads as a text does. */
export function readsAs(status: RemoteStatus, text: string): boolean {
  return comparableHtml(status.content) === comparable(text);
}

/** By the marker where the text carries it (in a link), else by the whole text. */
function isSought(status: RemoteStatus, traits: PostTraits): boolean {
  if (!isReplyAs(status, traits)) return false;
  const { text } = traits.content;
  if (!text.includes(traits.marker)) return readsAs(status, text);
  return decodeEntities(status.content).includes(traits.marker);
}

/** A text of a thread answers its parent, a first text nobody: the same words elsewhere are another post. */
function isReplyAs(status: RemoteStatus, { replyTo }: PostTraits): boolean {
  return (status.in_reply_to_id ?? null) === (replyTo?.parent.remoteId ?? null);
}

/** The oldest match is the first send; an edited status may have been the post before its edit. */
function summary(found: readonly RemoteStatus[], edited: number): LookupOutcome {
  const [post, ...others] = found
    .toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at))
    .map(remotePostOf);
  if (post) return { outcome: 'found', post, others };
  return edited === 0
    ? { outcome: 'absent' }
    : {
        outcome: 'cannot_tell',
        message: `Mastodon has ${edited} edited statuses since the post was due, which may have been it`,
      };
}

function cannotTell(outcome: HttpOutcome): LookupOutcome {
  return cannotTellAfter(failureOf(outcome));
}
