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
type LookTraits = PostTraits & Pick<LookupRequest, 'signal'>;

/**
 * Looks a post up among the account's own statuses, newest first, back to the time it was due: none of its
 * attempts can be older. `absent` only when every one of them was read and none may be the post.
 */
export async function findPost(api: ServerApi, request: LookTraits): Promise<LookupOutcome> {
  const { signal, ...traits } = request;
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
      if (Date.parse(status.created_at) < since) return summary(api, { found, edited }, request);
      if (isSought(status, traits)) found.push(status);
      else if (status.edited_at && isReplyAs(status, traits)) edited += 1;
    }
    maxId = listed.value.at(-1)?.id ?? null;
    if (maxId === null) return summary(api, { found, edited }, request);
  }
  if (found.length > 0) return summary(api, { found, edited, unread: true }, request);
  return tooMany();
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
  if (!hasMarker(traits)) return readsAs(status, traits.content.text);
  return decodeEntities(status.content).includes(traits.marker);
}

function hasMarker({ content, marker }: PostTraits): boolean {
  return content.text.includes(marker);
}

/** A text of a thread answers its parent, a first text nobody: the same words elsewhere are another post. */
function isReplyAs(status: RemoteStatus, { replyTo }: PostTraits): boolean {
  return (status.in_reply_to_id ?? null) === (replyTo?.parent.remoteId ?? null);
}

interface Listed {
  found: readonly RemoteStatus[];
  /** Statuses that may have been the post before they were edited. */
  edited: number;
  /** Older statuses were not read. */
  unread?: true;
}

/** The oldest match is the first send. */
async function summary(
  api: ServerApi,
  { found, edited, unread }: Listed,
  request: LookTraits,
): Promise<LookupOutcome> {
  const byText = !hasMarker(request);
  const [post, ...others] = (byText ? await ownStatuses(api, found, request) : found)
    .toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at))
    .map(remotePostOf);
  if (post) {
    const incomplete = edited > 0 || unread === true;
    return {
      outcome: 'found',
      post,
      others,
      ...(byText && { byText }),
      ...(incomplete && { incomplete }),
    };
  }
  if (unread) return tooMany();
  return edited === 0
    ? { outcome: 'absent' }
    : {
        outcome: 'cannot_tell',
        message: `Mastodon has ${edited} edited statuses since the post was due, which may have been it`,
      };
}

/**
 * Without what another application posted: the same words from a person's own client are another post. A server
 * that does not say which application it was leaves them all.
 */
async function ownStatuses(
  api: ServerApi,
  statuses: readonly RemoteStatus[],
  { signal }: LookTraits,
): Promise<readonly RemoteStatus[]> {
  if (!statuses.some(({ application }) => application != null)) return statuses;
  const own = await api.ownApplication(signal);
  if (own.kind !== 'json') return statuses;
  const { name } = own.value;
  return statuses.filter(({ application }) => application == null || application.name === name);
}

function tooMany(): LookupOutcome {
  return {
    outcome: 'cannot_tell',
    message: `Mastodon has more than ${MAX_PAGES * LISTING_PAGE} statuses since the post was due`,
  };
}

function cannotTell(outcome: HttpOutcome): LookupOutcome {
  return cannotTellAfter(failureOf(outcome));
}
