import type { Db } from '../db/client.ts';
import {
  type CheckpointKey,
  listReplies,
  noteFailure,
  type ReplyRow,
  storeAnswer,
} from '../db/item/checkpoint-replies.ts';
import type { ItemKey } from '../db/item/items.ts';
import type { UnavailableSource } from '../domain/item/commands.ts';
import type {
  CollectedAnswer,
  CollectedReading,
  CollectRequest,
  ReadingsSource,
  SourceReply,
} from '../metrics/readings-source.ts';
import type { SourceFailure } from '../metrics/source-kind.ts';

const MINUTE_MS = 60_000;
/** After the first failure; doubles with every further one. */
const FIRST_PAUSE_MS = MINUTE_MS;
/** The same where Baton held the request back itself: the turn that it got decides, unless it never comes. */
const FIRST_HELD_BACK_MS = 1_000;
/** One look at all sources; its activity ends a little later. */
export const WITHIN_MS = 25_000;
const LONGEST_PAUSE_MS = 6 * 60 * MINUTE_MS;
/** Whatever a source asks for: a broken clock must not silence it for longer than any window. */
const LONGEST_SILENCE_MS = 24 * 60 * MINUTE_MS;
const MAX_REASON = 300;

export interface CheckpointAsk {
  key: ItemKey & CheckpointKey;
  /** By the item's own clock, as every instant here. */
  at: string;
  /** The end of its window: no source is asked after it. */
  until: string | null;
  request: Omit<CollectRequest, 'signal'>;
  /** Once it is given, what was not answered by then is dropped. */
  signal?: AbortSignal;
}

/** What became of it so far. */
export interface AskedSources {
  /** Until a source that failed is asked again; null when none is. */
  askAgainMs: number | null;
  unavailable: UnavailableSource[];
}

/**
 * Asks every source that has not answered yet and whose pause is over. What one answered is stored at once,
 * whatever becomes of the others.
 */
export async function askSources(
  db: Db,
  sources: readonly ReadingsSource[],
  ask: CheckpointAsk,
): Promise<AskedSources> {
  const known = byKey(await listReplies(db, ask.key));
  const isOver = ask.until !== null && Date.parse(ask.at) > Date.parse(ask.until);
  const signal = ask.signal ?? AbortSignal.timeout(WITHIN_MS);
  const concerned = await Promise.all(
    sources.map(async (source) => {
      const before = known.get(keyOf(source));
      if (isOver || !isToAsk(before, ask.at)) return [source];
      const reply = await source.collect({ ...ask.request, signal });
      if (wasNotAsked(reply)) return [];
      // What comes once the post may be out says nothing of the time before it.
      if (!ask.signal?.aborted) await keepReply(db, { source, before, reply, ask });
      return [source];
    }),
  );
  return stateOf(concerned.flat(), byKey(await listReplies(db, ask.key)), ask.at);
}

export function keyOf({ id, key = id }: ReadingsSource): string {
  return key;
}

/** At a baseline many sources have nothing to be asked for. */
function wasNotAsked(reply: SourceReply): boolean {
  return (
    'readings' in reply &&
    reply.readings.length + reply.empty.length + reply.notAvailable.length === 0
  );
}

function byKey(replies: readonly ReplyRow[]): Map<string, ReplyRow> {
  return new Map(replies.map((reply) => [reply.source, reply]));
}

function isToAsk(before: ReplyRow | undefined, at: string): boolean {
  if (before === undefined) return true;
  return before.state !== 'answered' && Date.parse(before.askAfter ?? at) <= Date.parse(at);
}

async function keepReply(
  db: Db,
  {
    source,
    before,
    reply,
    ask,
  }: {
    source: ReadingsSource;
    before: ReplyRow | undefined;
    reply: SourceReply;
    ask: CheckpointAsk;
  },
): Promise<void> {
  const { at } = ask;
  const { publicationId, checkpoint } = ask.key;
  const key = { ...ask.key, source: keyOf(source) };
  if ('readings' in reply && reply.readings.length > 0) {
    const readings = reply.readings.map((reading) => ({
      ...scoped(reading, publicationId),
      source: source.id,
      idempotencyKey: `collected:${publicationId}:${checkpoint}:${key.source}:${reading.measure}`,
    }));
    // What was before the post can be read at no later time.
    const settleAt = checkpoint === 'baseline' ? null : (reply.settlesAt ?? null);
    await storeAnswer(db, { key, at, readings, settleAt });
    return;
  }
  const failure = 'readings' in reply ? numberless(source, reply) : reply;
  await noteFailure(db, {
    key,
    at,
    state: failure.retry ? 'waits' : 'gave_up',
    reason: failure.unavailable.slice(0, MAX_REASON),
    askAfter: new Date(Date.parse(at) + pauseMs(failure, before?.attempts ?? 0)).toISOString(),
  });
}

/** An answer without a number may have one later, unless the source cannot supply any. */
function numberless({ id }: ReadingsSource, { empty }: CollectedAnswer): SourceFailure {
  return empty.length > 0
    ? { unavailable: `${id}: it has no numbers yet`, retry: true }
    : { unavailable: `${id}: it cannot supply these numbers`, retry: false };
}

/** @param failures those before this one. */
function pauseMs({ retry, retryAfterMs = 0, heldBack }: SourceFailure, failures: number): number {
  const first = heldBack === true ? FIRST_HELD_BACK_MS : FIRST_PAUSE_MS;
  const own = retry
    ? Math.min(first * 2 ** Math.min(failures, 20), LONGEST_PAUSE_MS)
    : LONGEST_PAUSE_MS;
  return Math.max(own, Math.min(retryAfterMs, LONGEST_SILENCE_MS));
}

function stateOf(
  sources: readonly ReadingsSource[],
  replies: ReadonlyMap<string, ReplyRow>,
  at: string,
): AskedSources {
  const unavailable: UnavailableSource[] = [];
  const pauses: number[] = [];
  for (const source of sources) {
    const reply = replies.get(keyOf(source));
    if (reply?.state === 'answered') continue;
    unavailable.push({
      source: source.id,
      reason: reply?.reason ?? 'it was not asked within its window',
    });
    if (reply?.state === 'waits') pauses.push(Date.parse(reply.askAfter ?? at) - Date.parse(at));
  }
  return {
    askAgainMs: pauses.length === 0 ? null : Math.max(0, Math.min(...pauses)),
    unavailable,
  };
}

/** Sources name a publication or an account; the others belong to the publication that was asked for. */
export function scoped(reading: CollectedReading, publicationId: string) {
  const { measure, value, asOf, provisional, checkpoint, definition } = reading;
  const scope =
    reading.channelAccountId === undefined
      ? { publicationId: reading.publicationId ?? publicationId }
      : { channelAccountId: reading.channelAccountId };
  return {
    measure,
    value,
    asOf,
    provisional,
    ...scope,
    ...(checkpoint !== undefined && { checkpoint }),
    ...(definition !== undefined && { definition }),
  };
}
