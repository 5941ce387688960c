import { heartbeat, log } from '@temporalio/activity';
import { listWorkspaceIds } from '../db/audit/watches.ts';
import { describeDatabaseError } from '../db/errors.ts';
import {
  listUnsettled,
  postponeSettling,
  storeSettled,
  type UnsettledReply,
} from '../db/item/checkpoint-replies.ts';
import { getItem, type StoredItem } from '../db/item/items.ts';
import { listLatestReadings } from '../db/item/readings.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { publicationById } from '../domain/item/context.ts';
import type { MeasureId, Reading } from '../domain/kpi/measures.ts';
import { checkpointAgeHours, isProvisionalReading, isStated } from '../domain/kpi/readings.ts';
import type { CollectedAnswer, SourceReply } from '../metrics/readings-source.ts';
import { type MeasuringDeps, prepareCollection } from './measuring.ts';
import { keyOf, scoped, WITHIN_MS } from './source-replies.ts';

const HOUR_MS = 3_600_000;
/** After the first look that found nothing settled; doubles with every further one. */
const FIRST_PAUSE_MS = HOUR_MS;
const LONGEST_PAUSE_MS = 24 * HOUR_MS;
/** Some four days: what has not settled by then stays provisional. */
const MOST_ATTEMPTS = 9;
const WORKSPACES_AT_A_TIME = 200;
/** Asked at the same time, of one workspace. */
const AT_ONCE = 10;
/** Well before the engine gives the attempt up (SETTLING in activity-options.ts). */
const ROUND_MS = 8 * 60_000;

export interface SettlingRound {
  settled: number;
  postponed: number;
}

/** Provisional numbers are read once more when their source says that they change no longer. */
export function settlingActivities(deps: MeasuringDeps) {
  const { db } = deps;
  return {
    /** Of all workspaces. Again is fine: what was stored is not asked for any more. */
    async readSettled(): Promise<SettlingRound> {
      const until = Date.now() + ROUND_MS;
      const round = { settled: 0, postponed: 0 };
      for (let after = ''; Date.now() < until; ) {
        const ids = await listWorkspaceIds(db, { after, limit: WORKSPACES_AT_A_TIME });
        for (const workspaceId of ids) {
          await inWorkspace({ workspaceId }, () =>
            readWorkspace(deps, { workspaceId, until, round }),
          ).catch((error: unknown) =>
            log.warn(`numbers of ${workspaceId} were not read: ${describeDatabaseError(error)}`),
          );
        }
        if (ids.length < WORKSPACES_AT_A_TIME) return round;
        after = ids.at(-1) ?? '';
      }
      return round;
    },
  };
}

/** Each answer is settled or put off, so that none is found twice in one round. */
async function readWorkspace(
  deps: MeasuringDeps,
  { workspaceId, until, round }: { workspaceId: string; until: number; round: SettlingRound },
): Promise<void> {
  while (Date.now() < until) {
    heartbeat();
    const replies = await listUnsettled(deps.db, { workspaceId, limit: AT_ONCE });
    const states = await Promise.all(replies.map((reply) => settleReply(deps, reply)));
    for (const state of states) round[state] += 1;
    if (replies.length < AT_ONCE) return;
  }
}

/**
 * Asks the source of a checkpoint once more, for the same window. What it says for good is stored beside
 * what it said before, but where a person has stated a number meanwhile.
 */
export async function settleReply(
  deps: MeasuringDeps,
  reply: UnsettledReply,
): Promise<keyof SettlingRound> {
  const { db } = deps;
  const item = await getItem(db, reply);
  const said = item === null ? null : await askAgain(deps, { item, reply });
  if (item === null || said === null) {
    await postponeSettling(db, reply, { ...reply, settleAt: null });
    return 'postponed';
  }
  const { source, answer } = said;
  if (!('readings' in answer) || !isForGood(answer)) {
    await postponeSettling(db, reply, nextLook(reply, answer, clockOf(item)));
    return 'postponed';
  }
  const known = await listLatestReadings(db, reply);
  const { publicationId, checkpoint } = reply;
  const readings = answer.readings
    .filter(({ measure }) => isOpen(measure, { known, reply, source }))
    .map((reading) => ({
      ...scoped(reading, publicationId),
      source,
      idempotencyKey: `settled:${publicationId}:${checkpoint}:${reply.source}:${reading.measure}`,
    }));
  return (await storeSettled(db, { reply, readings })) ? 'settled' : 'postponed';
}

/** @returns null when the publication or its account is gone. */
async function askAgain(
  deps: MeasuringDeps,
  { item, reply }: { item: StoredItem; reply: UnsettledReply },
): Promise<{ source: string; answer: SourceReply } | null> {
  const record = publicationById(item.snapshot.context, reply.publicationId);
  if (record === null) return null;
  const { workspaceId, itemId, publicationId, checkpoint } = reply;
  const { channelAccountId, channel, slotNumber, remoteId } = record;
  const prepared = await prepareCollection(deps, {
    workspaceId,
    itemId,
    publicationId,
    checkpoint,
    channelAccountId,
    channel,
    slotNumber,
    remoteId,
    publishedAt: record.publishedAt ?? record.at,
    at: new Date(clockOf(item)).toISOString(),
    published: true,
  });
  if (prepared === null) return null;
  const source = prepared.sources.find((one) => keyOf(one) === reply.source);
  if (source === undefined) {
    // Paused, or another one serves the post now.
    return { source: '', answer: { unavailable: 'it does not serve the post', retry: true } };
  }
  const signal = AbortSignal.timeout(WITHIN_MS);
  return { source: source.id, answer: await source.collect({ ...prepared.request, signal }) };
}

/** The item's own clock, epoch milliseconds. */
function clockOf({ clockOffsetMs }: StoredItem): number {
  return Date.now() + clockOffsetMs;
}

function isForGood({ readings }: CollectedAnswer): boolean {
  return readings.length > 0 && readings.every(({ provisional }) => !provisional);
}

/** A measure that this source left provisional, and that nobody has stated since. */
function isOpen(
  measure: MeasureId,
  { known, reply, source }: { known: readonly Reading[]; reply: UnsettledReply; source: string },
): boolean {
  const age = checkpointAgeHours(reply.checkpoint);
  const alike = known.filter(
    (one) =>
      one.measure === measure &&
      one.publicationId === reply.publicationId &&
      checkpointAgeHours(one.checkpoint ?? '') === age,
  );
  return (
    !alike.some(isStated) && alike.some((one) => one.source === source && isProvisionalReading(one))
  );
}

/** A limit that is used up is no attempt. */
function nextLook(
  { attempts }: UnsettledReply,
  answer: SourceReply,
  now: number,
): { settleAt: string | null; attempts: number } {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts, 20), LONGEST_PAUSE_MS);
  const isHeldBack = 'unavailable' in answer && answer.heldBack === true;
  const asked = 'unavailable' in answer ? (answer.retryAfterMs ?? 0) : 0;
  const own = isHeldBack ? 0 : pauseMs;
  const soonest = now + Math.max(own, Math.min(asked, LONGEST_PAUSE_MS));
  const settles = 'readings' in answer ? Date.parse(answer.settlesAt ?? '') || 0 : 0;
  const next = isHeldBack ? attempts : attempts + 1;
  return {
    settleAt: next < MOST_ATTEMPTS ? new Date(Math.max(soonest, settles)).toISOString() : null,
    attempts: next,
  };
}
